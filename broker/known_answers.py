"""Frozen answers of every primitive, for the start-up self-test (docs/spec/envelope.md 6.3).

- ``ES256``: RFC 6979 A.2.5, P-256, SHA-256, message ``sample``.
- ``ED25519``: RFC 8032 7.1, test 2.
- ``COBBLESTONE``: C2SP Wycheproof, ``c2sp_chunked_encryption_aes_256_gcm``, test case 2.
- ``TREE_ROOT``: the eight leaves with which the RFC 6962 reference implementations are tested.
- ``ML_DSA_44`` and ``X_WING``: made once with `cryptography` 50.0.2 from the seed 00 01 .. 1f, over the
  texts below.  `tests/unit/test_self_test.py` confirms the wrap by a second computation from ML-KEM,
  X25519, SHA3 and HKDF alone, and the signature's key from its seed.
"""

from __future__ import annotations

from base64 import b64decode

__all__ = [
    "COBBLESTONE_KEY",
    "COBBLESTONE_PLAIN",
    "COBBLESTONE_SEALED",
    "ED25519_MESSAGE",
    "ED25519_SIGNATURE",
    "ED25519_SPKI",
    "ES256_MESSAGE",
    "ES256_SIGNATURE",
    "ES256_SPKI",
    "ML_DSA_44_MESSAGE",
    "ML_DSA_44_SIGNATURE",
    "ML_DSA_44_SPKI",
    "TREE_LEAVES",
    "TREE_ROOT",
    "X_WING_INFO",
    "X_WING_SECRET",
    "X_WING_SEED",
    "X_WING_WRAPPED",
]


def _bytes(text: str) -> bytes:
    return b64decode("".join(text.split()))


COBBLESTONE_KEY = b"YELLOW SUBMARINE YELLOW SUBMARIN"
COBBLESTONE_PLAIN = b"chunked"
COBBLESTONE_SEALED = _bytes(
    """
    oaG1b221jNHt4MXJ22Ku8g0/lqbFlLuSUrs4Ei3pEjZQK0Kh1/yrgg/6KSlA0vhq3SEs+kLDjfGdPMkTnuYaWZDT21dDNRQi
    m+6kmopyvQ==
    """
)
ED25519_MESSAGE = b"r"
ED25519_SIGNATURE = _bytes(
    """
    kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==
    """
)
ED25519_SPKI = _bytes(
    """
    MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=
    """
)
ES256_MESSAGE = b"sample"
ES256_SIGNATURE = _bytes(
    """
    79SLKqy2qP0RQN2c1F6B1p0sh3tWqvmRw00OqE6vNxb3yxyULWV8QdQ2x6G24p9l8+kA27mv9AZNxKsvhDrNqA==
    """
)
ES256_SPKI = _bytes(
    """
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8maQa6elW
    KLxk8vGyDC1+n1F3o8KU1EYimQ==
    """
)
ML_DSA_44_MESSAGE = b"schakel self-test"
ML_DSA_44_SIGNATURE = _bytes(
    """
    f/BpCcTJdXMRg2YZHaPrLlWwPwtTCwnZbXgSeC/M6Cl9VdgY/Aa7Cnsz3dZcHBv3obbDRAszcEU6syvXaiVsruiIkitT2MXd
    +zXIAxxsKBk2aTRAqHW88wmBf/ZnxV00L75YdDmkjd+GD1ak85qvdse16ZXdR3TCUqBvmE02AMKfWfXdiLJsOI9ubpjIprfd
    VhU/Erf/rIX1oYu1pdgYfeoN/oJ9Wl4bISg9cutYtvcjSQow3NU6o9R/m+U3LovwUY2Pm4srFZIq6M9WgT12BX/k5E6Obws7
    UQPWU/ZqjRxyTccMJtIUVdJHpR8+kIASfULG0YX6Ys7WsW6fgbr1zY6iCYgmSbnYyd+0h6cUDElb6NCcFmL030+iF7TGZ/IT
    Y6IqYikHMGcvRxbvtornDWHj1Mnz+xeAIRjzGGRQZgaBJFluLKlrxoReveLyGUAwz7U1sfrKOEM6WvgQmfPojN2kvECGRlry
    owxgSv6ImpfQ+GT8PAZEJ5pJApYfEjh/Mzl217IrkzumHiR0Gb2XF6aHvykXmWrQ0P3EdzyTrx69ywUEPVvmm+oTOhCIrrTP
    Z+TfYKOzVt7L3glIYEWluyt0UL3mSJSzj8yjc/FLKZ6vG8OtIDUvvHdy656S8egQJNwl8+vscSizOF3C2g+XSkCyWHfUZwaM
    1UFbFJ7TzeGD5XGXA69ezNrJQAku2c2/s0iXrZiQ7lJWqjnkXy2dKXsmmW0MHsVkTXHxLrTd9TwzpWyVHGAakIpFz9qrJAH2
    isBv1JQaPlqJ3cxl59Dev+WcEy8PuhOXyzYZIWTx+/a7CiTx81gTiRGtFcpJIfumsK/BrSxI0vASektYUVLJzGedR6V0TVTA
    CQYKu14amEYHL8yOmJzLw90UaAUN0qfgjJjT8/TnzNsk8pGGMUcCTbBxPxzPKSUhrh8hMy9f1Ml1tUnWp+fhQ5dXrrr5GtTN
    L0Lxcra+8PyDCKJzhybPGo8s6XWgAbga35GHIwbGyKBZA4fNc9aciruJPWxUFmefXJqbGaanVexr2H2OwNQ3tBI6i7t6N+VP
    di2mqs9kXjI3ydZ/xOQ20t4TMMzPXm9/M/ZJsllZWWc8ZwNN0B4rqglsg5v1vZLGTTx9FKLxynvWtulmtxH68pqizJ3YYnD5
    cXGkuXJfZMBKh8M7zJm1u+LAX7d+zaij4PASZjspeIHLpm4xECrqREF4SKMD3XUQJm2ZroU6JeXQ9MbonCwXee2ZSmYgTgfB
    Jn77BrxAPQbB4GC23mkDtL0XrwIsgAYVpQvoBp+nmaM+1Ta6wm5aPlI2cwjD5jTJwpLYVGATUlBOpCoJWw5uGxodO4uJwFPl
    ATCxhIyNOJRJl8VWpZ7OZ6GucseVHTyjnBbJ8OZWFoKC+Hm+cim/jqOcM5p5rAhALaKYtttitEKusUm1YxIMhgT8hR0uzFqu
    nHknMX8iBvh7nAlIyNMjCTadpQQtpN1EwGBESn0k/Glu8xb3EmU14P8IbxwFTFtZhzsuZ/s5Kx7WydZG/yKlQ9jRbv+pFGLB
    qOPp3LRfvrhUnKjOGEjEJ5aGRYkwcs9lThymoPK79wEExabiYmoSBg6hYBbd1qr1Vh/VOTX/aQg1NSIUWzl1KUMX3tOxZxz2
    GaCSuUBv5Tlxer2UD6fXlBvGchwJJcNTOvXW0ETZaC0N6nlLjfOk2kpZly9rQbdQ2p6WSwBayGEyKOFFZvO1J3x1fkt9/b/1
    bw2wVoEtSh9XTO2imTvwcEzwkwR03L5YXlOcSfK6vModd8j3+q6eDiHsnbKO/Vah+q3hzZe+tMc8ndzD19PEJmM7dzDjNu8Q
    UwQQawfkEYiluteJ6DO/aNoyg/hryt56eIRnpO8gJzMNYfESqbBWju3NGi8KF0I+eoIH58fh8ECMTrfsDO7zDZn2n4f4meEs
    jhUYEQJR9v+BuJQ204Wc2yKw9H0bgoVpd2YRu1mPBJDyMW/Kis/qZeo/5U/eu5TqYA1N5nRg7rIdQhwlsmbS14Miq9sgAVUi
    YIfd6kaTXA5HIvTyJfbDSQPxz468f44Us+oZ1IgBCZG9rkXOS40puFVriQL/Na0dp/NPWyEVaMO9wzCGMg4rGjS9Muw9H8/4
    vpD48Nq6DOtT9B8UbGqbWQ0kffMLnGmQz75+hkdOg66dN7fXGkT3AcX3xcDYj2apjCQ2RZRelohStQy1BoVrkiFNPJRCv7iq
    7kamwIwkFrTq6g8Sk6j6Ihx3S7WRQBYbq5KvFIEfzGhOrMOJwA5ccVJNX32iwv9mLuNADGAYY7Vp48jsvBFtZg3T5swfd3LG
    2D0yt9N8Z05frHerYENpsvjOw5Ws1/LOfm/3tEo8Nn8b0NtyCHsbUxMKHJamo2Kdp0W1K93eKFvv/3oMwJW7srO6PND6Jjqb
    +aG+bKSmpDV4/j6NQ60H4FL/d9QGFxLLXrkdsi/ZIPv812oQAVKG3ax1nWrTrVJCDFazbxV9R7D2oy512qADhBxtyzu7zQ24
    qTq2lI+YLLD3Tv8zBCVIQ5ovpK2jTpH9gbSOlWfNpGuLc/IupR0DSwc0kvkFA7NoLGqOvttCI8XN0UG2lbi92/FXAn3EQ6SP
    PFtx09AX3WSk4tI0EZF9PaFG4p3zso27mqqymAFBT544IXQpYsfRi2zaKXNvfc/LUC5QZ5uIf8FvloMIXfaewZoTA56CK9nL
    RLed3v+L0jz+rHCD3Qd2KVur4/W2t9dyta5uHpqW8UQZlo3oLRbumFW3CRRWgj69Y4a02iHErnQXTp/XfaEy4uyrwLJGB6SK
    ZFKy5jiDufFDm7whH0tztnRrySIa/hAVTS6T3GW6Pz/9N7TD/gtcY/SadLNNkEl7pd9dXjaNih5nGVfLibUha00PgfwOA/9P
    l126xlBiLxae1hrSx7B8oprYhaH9ZgyiksJzZpcHej+J5J9m+K4Yjeyq9e943xCQzSfd92wYG8ocxdHWwoxNUXOPpssW62Im
    ZUuD1dsYiN8CHsVu8ChbM9pXjrLJYBDJqWguWGQ9/N06c6jVItnbIjenhSJD9jzOYPgYlIz1X8jc3076Iq/tXUWNvO36DFxt
    whBHTjpe2DeLfJtvRebAf1EuLMimYsM1WcziMHSNgdUIFktjmNrw9PVNT1BuiZKftLm7vtQDHyAsVmh/h7W81O/w9PwUY6O2
    8PkAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAkVJCo=
    """
)
ML_DSA_44_SPKI = _bytes(
    """
    MIIFMjALBglghkgBZQMEAxEDggUhANeytHJUquDbReeTDUqY0sl9jxOX0Xidr6FwJLMW6b7JT8mUbULxm3mnQTu6oz5xSctC
    7VEVaTrAQfrLmIretf4OHYYxGEmVtZLDl9IpTi4U+QqkFLo4JomaxD9MzKy8JumoMrlRGNXLQzy++WYLABOOCBf2HnYsonTD
    atVU6yKqwRYuSrAay6HjjE79j4C2WzM9D3LlXf5xzpweu5iJ58VhBsD9c4A6Kuz+r97XqjyyztpU0SvYzTanjPl1lDtHq9Je
    iArEUuV0LtHo0agq+oblkMdYwVrk0oQNkryhpQkPQElll/yn2LlRPxob2m6VCqqY3kZ1B9Sk9aTwWZIWWCw1cvYu2okFqzWB
    ZwxKAnd6M+DKcpX9j0/20aCjp2g9ZfX19/xg2gI+gmxfkhRMAvfRuhB1mHVT6pNn/NdtmQt/qZzUWv24g21D5Fn1GH3wWEeX
    CaAepoNZNfpwRgmQzT3BukAbqUurHd5BrGerMxncrKBgSNTE7vJ+4TqcF9BTj0MPLWQtwkFWYN54h32NirxyUjl4wELkKF9D
    GYRsRBJiQpdoRMEOVWuiFbWnGeWdDGsqltOYWQcf3MLN51JKe+2uVOhbMY6FTo/isvPt+slxkSgnCq/R5QRMOk/a/Z/zH5B4
    S46ORZYUSg2vWGUR09mWK56pWvGXtOX8YPKx7RXeOlvvX4m9x52RBR2bKBbnT6VFMe/cHL501EiFf0drzVjyHAtlOzt2pOB2
    plWaMCcYVVzGP3SFmqurkl8COGHKjND3utsocfZ9VTJtdFETWtRfShumkRj7ssijDuyTku8/l3Bmya3VxxDMZHsVFNIX2VjH
    AXw+kP0gwE5nS5BIbpNwoxoAHTL0c5eeSQZ0nn5Hf6C3RQj4pfI3gxK4PCW9OIygsP/3R4uvQrcWZ+2qyXxGsSlkPlhuWwVa
    DCEZRtTzbmdb7Vhg+gQqMV2YJhZNapI3w1pfv0lUkKW9TfJIuVxKrneEtgVnMWasQkW1tLCCoJ6TI+YvIHjFt2eDRG3v1zat
    OjcC1JsImESQCmGDM5e8RBmzDXqXoLOHwZEUdMTUG1PjKpd6y28Op122W7OeWecB52lX3vby1EVZwxp3EitSBOO1whnxaIsU
    7QvAuAGz5ugtzUPpwOn0F0TNmBW9G8iCDYuxI/BPrNGxtoXdWisbjbvz7ZM2cPCVoYC08ZLQixC4+rvfzCskUY4y7qCl4MkE
    yoRHgAg/OwzS0Li2r2e8NVuUlAJdx7Cnj6gOOi2/61EyiFHWB4GY6Uk2Ua54fsAlH5Irow6fUd9iptcnhM890gU5MXbfoySl
    Er2Ulwo23TSlFKhnkfDrNvAUWwmrZGUbSgMTsplhGiocSIkWJ1mHaKMRQGC6RENIbfUVIqHOiLMJhcIW+ObtF43VZ7MEoNTK
    +6iCooNC8XqaomrljbYwCD0sNY/fVmw/XWKkKFZ7yeqM6VyqDzVHSwv6jzOaJQq0388gg76O77wQVeGP4VNw7ssmBWbYP/Br
    IRquxDyim1TM0A+IFaJGXvC0ZRXMfkHzEk8J7/9zkwmrWLKaFFmgC85QOOk4yWePcusOTuX9quZtn4Vz/Jf8QrSVn0v4th14
    Qz6GsDNdbpGRxNi/SHs5BcEIz9asJLDOt9y3z1H4TQ7Wh7lerrHFM8BvDZcCPZKnCCWDe1m6bLfU5WsKh8IDhiro8xW6WSXo
    7e+meTaaIgJ2YVHxapZfn4Hs52zAcLVYaeTbl4TPBcgwsyQsgxI=
    """
)
TREE_LEAVES = tuple(
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
TREE_ROOT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
X_WING_INFO = b"schakel self-test info"
X_WING_SECRET = b"schakel self-test secret"
X_WING_SEED = bytes(range(32))
X_WING_WRAPPED = _bytes(
    """
    ms6BaC2FTGX0CeWffGBLaMINj/zvzrkaPRCgPz5tuiD/hgiwmUEQdzyHiVGKssoXRXD9ILnSodLKwTA7gT3s9KSAllLyj8oD
    roJZDljdom/8fJu0vs9SWXuswdjDmRfveaL+AkWlgVDsvbE6nGt4Pyd8SiUi4cGRP80sQ8rxzSoIIodfdnQP58vCbzEgNQRY
    GAjN0f6k1xxqlU0YqNVPTogqvv1WYrFAtwFF2bN3QzPSo2cSNRv3UW1wTEmT2F1FkPi6NlOaiGrvqkW7QPmRcOM3cnwu2DuT
    C0X9arhaJw5lboX3Cqny9ONnrLx7+uLS3zHE0LgKZkyWSAKCAtWVYl7/QzEe2j+DA2OwQCirlGfZoYSJGc/8gvremhWE0R9F
    LhVDUqRhmiXPGqiRjCdfjFeUdzopnqAXyiYXmIM7A6hkjpxnJWPbkwOVOiT1Y333gW13/gTuhoHvtrsT2mZOV7IAK04LiTjd
    46V9H4aNfW6QLoXHxv9dmpluC+qxGR3AmtaXHvHz1xuG9Ez2zeJfNi1SRWUGkkwuoZ8G+wvkeYzyGZkFGd17swpb07paRhUs
    PPdSojqgsxVxcMXq6iG7NrPxSCG4heANxYO6BTO4yO0SCp9veUQm4l0q/KlSml82ofLZKinTrTwaaMfGJsqRUobDAYweeBdQ
    sVdf8qAGxCgrQkGDsvnZSm7XW2v2cMupnxtJBGsOsGp0q188IdkHMrFjBwfAe1T3fQ1Z73FfikmqozltqJbByU4wQ0IJKBfJ
    prayJj4DKKa91nzgtpqTWrimYS/PRAhhiRXwcNg5qOjlJjFpNdoJk9yv/4aeRNq8eMnFcbT+/QJuqv7uX3saQXWOvjKiocYC
    A+0tttgmfOzBXziES+ZJwDDGu3AotEEZETm2a/cfgtmV4ggkbat7T4zleD/q/BvopdCB/AbyCtZVf/z4GD4ihQv/M4EeVlaQ
    /YmQ0AVeDm3ptGDxN92m7Ip1HhBh5I3cXldI7t0X7ZKvVz3IVCfD7ISBC/XLB4FzUDZpjDNP6YzozSpYBTE9hAiqXsPaZXv4
    C9+lMz/Y12vYGFiJwtbUJNUMVEh/DJeBE5Yj2nobzjqq7k4A5ErA8fnpgD8wEtkT1WeMpIGVBjDOvaJ3mMCRdxHmOHLj8Vyp
    +7PqL4ia8WZ7uUy7zH2elmT7r4T6uMR08SZb3svvWjiOAbBKRYPVSuPyBmo4eADNfbGehaEfE3N/F6ljSFxCoVhMlQNECyZy
    hiW/3pdFbZvwys6QgqBwecVQPoByk0nvKsq5foUD91URJesKMaKwBnfMX/Rh+HBDGEv3zvDr0V6RpJAb4zb05FjfVFZt9yNz
    ZIKhF9uhhUEm0PJAIrrCvO95WqFKFYeP0k2cWrCA+9woIxoQj6+3xZvAHA8GqsF/Z72xNZVl/xp4t1xtFT1V35LgZQ2+4PF9
    dsmmoTC/QtDu1W1npSE159z2GCMASouZ8rkDhl7eo5jfcCp6NeyfcU2lTbxd8nCb+d80yJsBQm0q1FPcLulamqDHLz2AAT7G
    AjRVG0WqapU=
    """
)
