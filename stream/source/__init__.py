"""Where frames and sound come from: decoding, clocks, reconnection."""
