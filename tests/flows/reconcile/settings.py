"""Brigade's settings, with a channel layer between the processes that can be disturbed."""

from config.settings import *  # noqa: F403
from config.settings import CHANNEL_LAYERS

CHANNEL_LAYERS = {
    name: {**layer, "BACKEND": "tests.flows.reconcile.layer.DisturbedLayer"} for name, layer in CHANNEL_LAYERS.items()
}
