using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Losses;

/// <summary>
/// Cross-entropy of H linear heads on the same features, with the gradient in closed form: for logits o = W z,
/// ∂CE/∂o = (softmax(o) − onehot(y)) / B, hence ∂CE/∂W = (∂CE/∂o)ᵀ z and ∂CE/∂z = ∂CE/∂o · W. Heads on detached features need no autograd.
/// </summary>
public static class HeadCrossEntropy
{
    /// <param name="logits">[B, H·C].</param>
    /// <param name="labels">[B] int64.</param>
    /// <returns>Loss: [H] sums of CE over the batch. Gradient: [B, H·C] of the batch mean.</returns>
    public static (Tensor Loss, Tensor Gradient) Of(Tensor logits, Tensor labels, int heads, int classes)
    {
        long batch = logits.shape[0];
        Tensor target = labels.view(batch, 1, 1).expand(batch, heads, 1);
        Tensor logProbability = logits.view(batch, heads, classes).log_softmax(2);
        Tensor loss = logProbability.gather(2, target).sum(dim: 0L).neg_().view(heads);
        Tensor gradient = logProbability.exp_().scatter_add_(2, target, full([batch, heads, 1], -1f, device: logits.device)).div_((float)batch);
        return (loss, gradient.view(batch, heads * classes));
    }
}
