#!/usr/bin/env python3
"""A linear probe on features that depend on each other, as a network's do: probabilities and objectives of scikit-learn.

The features are fp32; scikit-learn fits in fp64, with Newton's method, until no element of the gradient is above 1e-12. Its
L-BFGS, without anything that knows the features, needs a thousand iterations or so: the script prints how many.

Needs a virtual environment with torch, scikit-learn and safetensors. Writes probe.safetensors in
Tests/MawsTrainingTests/Golden.
"""
import pathlib

import numpy
import torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

OUT = pathlib.Path(__file__).parent.parent / "Tests/MawsTrainingTests/Golden/probe.safetensors"
TRAIN, TEST, WIDTH, CLASSES = 500, 200, 20, 5


def features(random):
    """Directions of deviations from 1 down to 1e-4, turned, so that every feature holds all of them."""
    labels = random.integers(0, CLASSES, TRAIN + TEST)
    deviations = numpy.logspace(0, -4, WIDTH)
    centres = random.normal(size=(CLASSES, WIDTH)) * 0.5
    latent = (centres[labels] + random.normal(size=(TRAIN + TEST, WIDTH))) * deviations
    turn, _ = numpy.linalg.qr(random.normal(size=(WIDTH, WIDTH)))
    return (latent @ turn + 0.3).astype(numpy.float32), labels


def main():
    values, labels = features(numpy.random.default_rng(11))
    scaler = StandardScaler().fit(values[:TRAIN].astype(numpy.float64))
    scaled = scaler.transform(values.astype(numpy.float64))
    train, known = scaled[:TRAIN], labels[:TRAIN]
    out = {
        "features": torch.tensor(values), "labels": torch.tensor(labels).float(),
        "train": torch.tensor([float(TRAIN)])}
    for penalty in (1e-3, 0.03, 1.0):
        model = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=10000, solver="newton-cholesky").fit(train, known)
        plain = LogisticRegression(C=1 / penalty, tol=1e-6, max_iter=100000).fit(train, known)
        objective = log_loss(known, model.predict_proba(train)) + penalty / 2 * (model.coef_**2).sum() / TRAIN
        print(f"penalty {penalty:g}: L-BFGS takes {plain.n_iter_[0]}, objective {objective:.8f}")
        name = f"{penalty:g}"
        out[f"probabilities.{name}"] = torch.tensor(model.predict_proba(scaled[TRAIN:])).float()
        out[f"objective.{name}"] = torch.tensor([objective]).float()
    save_file(out, OUT)
    OUT.chmod(0o644)


if __name__ == "__main__":
    main()
