using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FedPlatform.Learning.Models;

/// <summary>A convolution without bias: the index of its weight [out,in,k,k].</summary>
internal readonly record struct Conv(int Weight, long[] Stride, long[] Padding)
{
    private static readonly long[] One = [1, 1];

    public Tensor Forward(BackboneState s, Tensor x) => F.conv2d(x, s.Parameters[Weight], null, Stride, Padding, One, 1);
}

/// <summary>BatchNorm over [B,h,w], momentum 0.1, ε 1e-5; the running statistics are buffers and are averaged by the server.</summary>
/// <param name="Area">h·w at this layer.</param>
internal readonly record struct Norm(int Weight, int Bias, int Mean, int Variance, int Area)
{
    /// <summary>
    /// One sample on a 1×1 map has no variance: the unbiased estimate would divide by zero and poison the running statistics.
    /// Such a step, which only a last batch of one sample can be, uses the running statistics and leaves them alone.
    /// </summary>
    public Tensor Forward(BackboneState s, Tensor x, bool train, int batch) =>
        F.batch_norm(x, s.Buffers[Mean], s.Buffers[Variance], s.Parameters[Weight], s.Parameters[Bias], train && (long)batch * Area > 1, 0.1, 1e-5);
}
