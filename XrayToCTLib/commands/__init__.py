"""The verbs of the command xray-to-ct, one a file: ``add_parser`` says what it takes, ``run`` does it."""
