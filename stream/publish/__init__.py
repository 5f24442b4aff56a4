"""Where records go: MQTT, JSON lines."""
