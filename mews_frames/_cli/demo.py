"""stub"""
from mews_frames._cli.sandbox import Rows, Seed
def demo(*, rows: Rows = 20_000, seed: Seed = 0) -> None:
    """Run the main job on made-up hotels, and show what comes back."""
