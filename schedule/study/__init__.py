"""What a protocol prescribes: visits, anchors, offsets, windows, and the checks across them."""
