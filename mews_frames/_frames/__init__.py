"""From bytes to frames: schema, decode, reader."""
