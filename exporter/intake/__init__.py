"""The way in: bodies within limits, strict decoding, one commit for whatever arrives together."""
