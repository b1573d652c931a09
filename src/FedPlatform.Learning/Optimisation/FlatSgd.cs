using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Optimisation;

/// <summary>
/// torch.optim.SGD (dampening 0, no Nesterov) on one flat vector w [P] with its gradient and momentum buffers: a step is two or three
/// operations however many parameters there are. v ← μ·v + (g + λ·w); w ← w − η·v.
/// </summary>
public sealed class FlatSgd(Tensor weights, Tensor gradient, double learningRate, double momentum, double weightDecay) : IDisposable
{
    private readonly Tensor? velocity = momentum == 0 ? null : zeros_like(gradient).DetachFromDisposeScope();
    private readonly Scalar rate = (-(float)learningRate).ToScalar(), factor = ((float)momentum).ToScalar(), decay = ((float)weightDecay).ToScalar();

    /// <summary>One step; <paramref name="gradient"/> is left as it is but for the decay term added to it.</summary>
    public void Step()
    {
        if (weightDecay != 0) gradient.add_(weights, decay);
        if (velocity is null)
        {
            weights.add_(gradient, rate);
            return;
        }

        velocity.mul_(factor);
        velocity.add_(gradient);
        weights.add_(velocity, rate);
    }

    /// <summary>Forgets the momentum, as a fresh optimiser would.</summary>
    public void Reset() => velocity?.zero_();

    public void Dispose()
    {
        velocity?.Dispose();
        rate.Dispose();
        factor.Dispose();
        decay.Dispose();
    }
}
