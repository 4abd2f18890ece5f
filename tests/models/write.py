"""Write the model that later versions must be able to load: `python tests/models/write.py`.

Run it once for each format version, and never change a model that was released.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from sgan_classifier import SGANClassifier, __version__, persistence
from sgan_classifier._tensor_file import FORMAT_VERSION

HERE = Path(__file__).parent


def main() -> None:
    digits = load_digits()
    X, y = digits.images.astype(np.uint8), digits.target.copy()
    y[200:] = -1
    model = SGANClassifier(
        width=1, latent_dim=4, max_iter=8, precision="fp32", device="cpu", random_state=0
    )
    model.fit(X, y)
    images = X[-20:]
    answers = {
        "images": images,
        "predict": model.predict(images),
        "predict_proba": model.predict_proba(images),
        "realness": model.realness(images),
        "transform": model.transform(images),
        "sample": model.sample(2, random_state=0),
    }
    about = {
        "format_version": FORMAT_VERSION,
        "version": __version__,
        "accuracy_of_all_digits": model.score(X, digits.target),
    }
    path = HERE / f"digits_format_{FORMAT_VERSION}.safetensors"
    persistence.save(model, path)
    np.savez_compressed(path.with_suffix(".npz"), **answers)
    path.with_suffix(".json").write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
