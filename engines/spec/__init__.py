"""The vocabulary that all packages share: plain frozen data and constants, no behaviour."""
