"""The losses of `sgan_classifier.losses` once more: float64 NumPy, one image at a time, no tricks.

Every probability is that of a classifier with K + 1 logits, of which the last, "generated", is 0:
the form in which Salimans et al. 2016 introduce the method. The library never writes it like this.
"""

import math

import numpy as np


def log_softmax(logits):
    """Log-probabilities of one image, (k,), from its logits, (k,)."""
    largest = max(logits)
    log_sum = largest + math.log(sum(math.exp(value - largest) for value in logits))
    return [value - log_sum for value in logits]


def log_p_real_and_generated(logits):
    """(log p(real), log p(generated)) of one image, from its K + 1 classes."""
    *classes, generated = log_softmax([*logits, 0.0])
    largest = max(classes)
    return largest + math.log(sum(math.exp(value - largest) for value in classes)), generated


def real_logit(logits):
    """log of p(real) / p(generated), summed over the images."""
    total = 0.0
    for image in logits:
        real, generated = log_p_real_and_generated(image)
        total += real - generated
    return total


def supervised_loss(logits, targets, class_weight=None):
    total = weights = 0.0
    for image, target in zip(logits, targets, strict=True):
        weight = 1.0 if class_weight is None else class_weight[target]
        total -= weight * log_softmax(image)[target]
        weights += weight
    return total / weights


def adversarial_loss(unlabeled_logits, fake_logits):
    real = np.mean([-log_p_real_and_generated(image)[0] for image in unlabeled_logits])
    fake = np.mean([-log_p_real_and_generated(image)[1] for image in fake_logits])
    return (real + fake) / 2


def conditional_entropy(logits):
    total = 0.0
    for image in logits:
        log_p = log_softmax(image)
        total -= sum(math.exp(value) * value for value in log_p)
    return total / len(logits)


def feature_matching(fake_features, real_mean):
    n, d = fake_features.shape
    means = [sum(fake_features[i, j] for i in range(n)) / n for j in range(d)]
    return sum(abs(means[j] - real_mean[j]) for j in range(d)) / d


def feature_matching_squared(fake_features, real_mean):
    n, d = fake_features.shape
    means = [sum(fake_features[i, j] for i in range(n)) / n for j in range(d)]
    return sum((means[j] - real_mean[j]) ** 2 for j in range(d)) / d


def non_saturating(fake_logits):
    return np.mean([-log_p_real_and_generated(image)[0] for image in fake_logits])


def pseudo_label_loss(logits, labels, accepted):
    total = 0.0
    for image, label, is_accepted in zip(logits, labels, accepted, strict=True):
        if is_accepted:
            total -= log_softmax(image)[label]
    return total / len(logits)


def class_balance(logits, prior, running_mean):
    probabilities = np.exp([log_softmax(image) for image in logits])
    total = 0.0
    for mean, wanted, so_far in zip(probabilities.mean(axis=0), prior, running_mean, strict=True):
        total += mean * math.log(max(so_far, 1e-6) / wanted)
    return total


def pull_away(features):
    n = len(features)
    total = 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                norms = math.sqrt(features[i] @ features[i]) * math.sqrt(features[j] @ features[j])
                total += (features[i] @ features[j] / norms) ** 2
    return total / (n * (n - 1))


def gradient(function, x, step=1e-5):
    """Gradient of a function of one array by central differences, of the array's shape."""
    answer = np.zeros_like(x)
    for position in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[position] += step
        below[position] -= step
        answer[position] = (function(above) - function(below)) / (2 * step)
    return answer
