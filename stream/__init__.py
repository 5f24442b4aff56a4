"""The live pipeline: from a video source to readings on MQTT."""
