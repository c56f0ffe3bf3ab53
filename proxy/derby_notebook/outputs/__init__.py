"""What a cell shows: messages folded into outputs, outputs written as ops."""
