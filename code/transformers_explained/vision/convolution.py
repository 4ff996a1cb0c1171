"""A small convolutional network, to compare with."""

from torch import Tensor, nn


class SmallConvolution(nn.Module):
    """Twice a convolution of 3 × 3 and a maximum over squares of 2 × 2; then a layer.

    Args:
        image_size: side in pixels, a multiple of 4.
        channels: numbers per pixel.
        width: features after the first convolution; twice as many after the second.
        num_classes: number of classes.

    Raises:
        ValueError: if `image_size` is not a multiple of 4.
    """

    def __init__(
        self,
        *,
        image_size: int = 8,
        channels: int = 1,
        width: int = 30,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        if image_size < 4 or image_size % 4:
            raise ValueError(f"image_size must be a multiple of 4; got {image_size}")
        self.features = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.head = nn.Linear(2 * width * (image_size // 4) ** 2, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, height, width) -> scores (B, num_classes)."""
        scores: Tensor = self.head(self.features(images))
        return scores
