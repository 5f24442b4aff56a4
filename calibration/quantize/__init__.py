"""Networks in other precisions: made, held against f32 by their task, and kept if they pass."""
