"""What all parties of the exchange share: pure rules, and one folder that touches the world.

Start reading in `broker.pipelines`: a message's path stands there, top to bottom.
"""

__version__ = "0.1.0"
