"""The command `schakel`: one file per noun."""
