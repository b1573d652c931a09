using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// The server's fold: Σ_k (n_k/n)·w_k, one axpy a client over the flat upload, in client order. BatchNorm's running statistics are part of
/// it. With one client it is that client's model, bit for bit.
/// </summary>
public sealed class WeightedMean : IDisposable
{
    private readonly Tensor sum;
    private readonly long total;
    private long folded;

    /// <param name="total">n = Σ n_k over the clients that will be folded.</param>
    public WeightedMean(Tensor like, long total)
    {
        sum = zeros_like(like).DetachFromDisposeScope();
        this.total = total;
    }

    public void Fold(Tensor upload, int samples)
    {
        using Scalar weight = ((float)((double)samples / total)).ToScalar();
        sum.add_(upload, weight);
        folded += samples;
    }

    /// <summary>The mean, a view that lives as long as this object.</summary>
    /// <exception cref="InvalidOperationException">The folded n_k do not add up to n: the weights would not sum to one.</exception>
    public Tensor Result() => folded == total ? sum : throw new InvalidOperationException($"{folded} of {total} samples were folded.");

    public void Dispose() => sum.Dispose();
}
