"""Losses of the semi-supervised GAN, as pure functions of tensors.

A discriminator answers with K logits f(x), one a class; the logit of the (K+1)st class,
"generated", is fixed at 0. Everything is written in terms of z(x) = logsumexp_k f_k(x), so that no
logit is ever exponentiated and every loss is finite wherever the logits are.

References
----------
.. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.
.. [2] Dai et al., "Good Semi-supervised Learning That Requires a Bad GAN", NeurIPS 2017.
.. [3] Zhao, Mathieu, LeCun, "Energy-based Generative Adversarial Network", ICLR 2017.
.. [4] Sohn et al., "FixMatch: Simplifying Semi-supervised Learning with Consistency and
       Confidence", NeurIPS 2020.
.. [5] Krause, Perona, Gomes, "Discriminative Clustering by Regularized Information Maximization",
       NeurIPS 2010.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_SHARE = 1e-6  # of a class, so that one which is never predicted has a logarithm

__all__ = [
    "adversarial_loss",
    "class_balance",
    "conditional_entropy",
    "feature_matching",
    "feature_matching_squared",
    "non_saturating",
    "pseudo_label_loss",
    "pull_away",
    "real_logit",
    "supervised_loss",
]


def real_logit(logits: Tensor) -> Tensor:
    """Return z(x) = logsumexp_k f_k(x), the logit of "x is a real image".

    D_u(x) = sigmoid(z(x)) (Salimans et al. 2016, section 5).

    Parameters
    ----------
    logits : Tensor of shape (n, K)

    Returns
    -------
    Tensor of shape (n,)

    Examples
    --------
    >>> import torch
    >>> from sgan_classifier.losses import real_logit
    >>> real_logit(torch.zeros(1, 1)).sigmoid()
    tensor([0.5000])
    """
    return torch.logsumexp(logits, dim=1)


def supervised_loss(
    logits: Tensor, targets: Tensor, class_weight: Tensor | None = None, *, is_batch: bool = False
) -> Tensor:
    """Return the mean cross-entropy z(x) - f_y(x) over labelled images.

    Parameters
    ----------
    logits : Tensor of shape (n, K)
    targets : Tensor of shape (n,), int64
        Class indices 0..K-1.
    class_weight : Tensor of shape (K,), optional
        Weight of each class; the mean is over the weights, as in scikit-learn.
    is_batch : bool, default=False
        Whether these are some rows of many whose mean weight is 1: the mean is then over the rows,
        so that the losses of all batches add up to that of all rows.

    Returns
    -------
    Tensor of shape ()
    """
    if class_weight is None:
        return F.cross_entropy(logits, targets)
    total = F.cross_entropy(logits, targets, weight=class_weight, reduction="sum")
    if is_batch:
        return total / len(targets)
    # a batch may hold nothing but rows of weight 0
    return total / class_weight[targets].sum().clamp_min(torch.finfo(logits.dtype).tiny)


def adversarial_loss(unlabeled_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return the discriminator's unsupervised loss.

    1/2 [mean softplus(-z_unlabelled) + mean softplus(z_fake)], which is the cross-entropy of D_u
    (Salimans et al. 2016, section 5, L_unsupervised; the factor 1/2 is that of their code).

    Parameters
    ----------
    unlabeled_logits : Tensor of shape (n, K)
    fake_logits : Tensor of shape (m, K)

    Returns
    -------
    Tensor of shape ()
    """
    return adversarial_loss_from_z(real_logit(unlabeled_logits), real_logit(fake_logits))


def adversarial_loss_from_z(unlabeled_z: Tensor, fake_z: Tensor) -> Tensor:
    """Return `adversarial_loss`, where z(x) is known: (n,) and (m,) of them."""
    return 0.5 * (F.softplus(-unlabeled_z).mean() + F.softplus(fake_z).mean())


def conditional_entropy(logits: Tensor) -> Tensor:
    """Return the mean entropy of p(class | x, real), z - sum_k p_k f_k.

    Low entropy on unlabelled images keeps the class boundary out of dense regions (Dai et al. 2017,
    equation 6).

    Parameters
    ----------
    logits : Tensor of shape (n, K)

    Returns
    -------
    Tensor of shape (), in nats
    """
    log_p = F.log_softmax(logits, dim=1)
    return -(log_p.exp() * log_p).sum(dim=1).mean()


def feature_matching(fake_features: Tensor, real_mean: Tensor) -> Tensor:
    """Return the mean absolute difference between batch-mean features (Salimans et al. 2016, 3.1).

    The L1 form is that of the reference code for SVHN and CIFAR-10.

    Parameters
    ----------
    fake_features : Tensor of shape (n, d)
        Discriminator features of generated images.
    real_mean : Tensor of shape (d,)
        Batch mean of the features of real images, detached.

    Returns
    -------
    Tensor of shape ()
    """
    return (fake_features.mean(dim=0) - real_mean).abs().mean()


def feature_matching_squared(fake_features: Tensor, real_mean: Tensor) -> Tensor:
    """Return the mean squared difference between batch-mean features (Salimans et al. 2016, 3.1).

    The squared form is that of the reference code for MNIST.

    Parameters
    ----------
    fake_features : Tensor of shape (n, d)
        Discriminator features of generated images.
    real_mean : Tensor of shape (d,)
        Batch mean of the features of real images, detached.

    Returns
    -------
    Tensor of shape ()
    """
    return (fake_features.mean(dim=0) - real_mean).square().mean()


def non_saturating(fake_logits: Tensor) -> Tensor:
    """Return the generator's non-saturating loss, mean softplus(-z_fake) (Goodfellow et al. 2014).

    Parameters
    ----------
    fake_logits : Tensor of shape (n, K)

    Returns
    -------
    Tensor of shape ()
    """
    return F.softplus(-real_logit(fake_logits)).mean()


def pseudo_label_loss(logits: Tensor, labels: Tensor, accepted: Tensor) -> Tensor:
    """Return the cross-entropy on pseudo-labels, as a mean over all rows, accepted or not.

    1/n sum_i 1[accepted_i] (z_i - f_i,label) (Sohn et al. 2020, equation 4).

    Parameters
    ----------
    logits : Tensor of shape (n, K)
        Of one view of the unlabelled images.
    labels : Tensor of shape (n,), int64
        Predicted from another view.
    accepted : Tensor of shape (n,), bool

    Returns
    -------
    Tensor of shape ()
    """
    return (F.cross_entropy(logits, labels, reduction="none") * accepted).mean()


def class_balance(logits: Tensor, prior: Tensor, running_mean: Tensor) -> Tensor:
    """Return what draws predictions away from classes that are predicted too often.

    sum_k p_k log(q_k / prior_k), where p is the mean prediction on the batch and q the mean
    prediction over many batches. Up to a factor, its gradient is that of KL(q || prior) by the
    batch's share in q: the marginal term of Krause et al. 2010, section 3, with a prior that need
    not be uniform, and a mean that does not take the luck of one batch for an imbalance.

    Parameters
    ----------
    logits : Tensor of shape (n, K)
    prior : Tensor of shape (K,)
        Positive, of sum 1.
    running_mean : Tensor of shape (K,)
        Mean prediction over the last batches, detached. Entries below 1e-6 count as that.

    Returns
    -------
    Tensor of shape (), in nats
        0 where the running mean is the prior; negative where the batch has more than others of the
        classes that are predicted too seldom.
    """
    excess = torch.log(running_mean.clamp_min(MIN_SHARE) / prior)
    return (torch.softmax(logits, dim=1).mean(dim=0) * excess).sum()


def pull_away(features: Tensor) -> Tensor:
    """Return the mean squared cosine between the features of different images.

    sum_{i != j} cos^2(h_i, h_j) / (n (n - 1)), which drives generated images apart (Zhao et al.
    2017, section 2.4). A batch of one has no pair and gives 0. For training loops of your own:
    `SGANClassifier` does not use it.

    Parameters
    ----------
    features : Tensor of shape (n, d)

    Returns
    -------
    Tensor of shape ()
    """
    n = features.shape[0]
    if n < 2:
        return features.new_zeros(())
    unit = F.normalize(features, dim=1)
    squared = (unit @ unit.T).square()
    return (squared.sum() - squared.diagonal().sum()) / (n * (n - 1))
