using FedPlatform.Datasets;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Models;

/// <summary>How an entry of the state begins.</summary>
public enum Init
{
    Zero,
    One,

    /// <summary>N(0, 2/fan_out), He's choice for convolutions before a ReLU.</summary>
    HeNormal,

    /// <summary>U(−1/√fan_in, 1/√fan_in).</summary>
    Uniform,
}

/// <summary>One named tensor of a backbone.</summary>
/// <param name="Fan">fan_out for <see cref="Init.HeNormal"/>, fan_in for <see cref="Init.Uniform"/>.</param>
public sealed record StateEntry(string Name, long[] Shape, Init Init, int Fan)
{
    public long Length { get; } = Shape.Aggregate(1L, (a, b) => a * b);
}

/// <summary>The tensors of one copy of a backbone, in the order of their declaration.</summary>
/// <param name="Parameters">Leaves with a gradient.</param>
/// <param name="Buffers">BatchNorm's running means and variances.</param>
public sealed record BackboneState(Tensor[] Parameters, Tensor[] Buffers);

/// <summary>
/// θ without its weights: an architecture that maps images x [B,c,h,w] to features z [B,d]. It declares its state; the
/// tensors themselves are views of one flat buffer, owned by whoever trains or evaluates. Immutable, shared by all threads.
/// </summary>
public abstract class Backbone
{
    private readonly List<StateEntry> parameters = [];
    private readonly List<StateEntry> buffers = [];

    protected Backbone(ImageShape shape, int featureDimension)
    {
        Shape = shape;
        FeatureDimension = featureDimension;
    }

    public ImageShape Shape { get; }

    /// <summary>d.</summary>
    public int FeatureDimension { get; }

    public IReadOnlyList<StateEntry> Parameters => parameters;

    public IReadOnlyList<StateEntry> Buffers => buffers;

    /// <summary>x [B,c,h,w] → z [B,d]. x should be channels-last in memory: convolutions gain a quarter, max-pooling five times. <paramref name="train"/>: BatchNorm uses and updates batch statistics.</summary>
    public abstract Tensor Forward(BackboneState state, Tensor x, bool train);

    /// <summary>Declares a parameter and returns its index in <see cref="BackboneState.Parameters"/>.</summary>
    private protected int Parameter(string name, Init init, int fan, params long[] shape)
    {
        parameters.Add(new StateEntry(name, shape, init, fan));
        return parameters.Count - 1;
    }

    private protected int Buffer(string name, Init init, params long[] shape)
    {
        buffers.Add(new StateEntry(name, shape, init, 0));
        return buffers.Count - 1;
    }
}
