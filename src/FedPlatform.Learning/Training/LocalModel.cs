using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Losses;
using FedPlatform.Learning.Models;
using FedPlatform.Learning.Optimisation;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Training;

/// <summary>Step size and friends of local training.</summary>
public sealed record LocalOptions(int Epochs, int BatchSize, double LearningRate, double Momentum, double WeightDecay);

/// <summary>
/// One worker's model: backbone and heads as views of one flat buffer, gradient and momentum alike. It belongs to one thread.
/// Loading a client is two copies, a step is one forward, one backward through the backbone and a few operations for all heads.
/// </summary>
public sealed class LocalModel : IDisposable
{
    private readonly StateLayout layout;
    private readonly Tensor flat, gradient, backboneGradient, headGradient, headsTransposed, privates, features, ones;
    private readonly Tensor[] drivers;
    private readonly int[] driverIndex;
    private readonly BackboneState state;
    private readonly FlatSgd optimiser;
    private readonly int dimension, classes;
    private readonly List<Tensor> owned = [];

    public LocalModel(StateLayout layout, LocalOptions options, Device device)
    {
        this.layout = layout;
        Device = device;
        (dimension, classes) = (layout.Backbone.FeatureDimension, layout.Classes);
        using DisposeScope scope = NewDisposeScope();
        flat = Own(zeros(layout.Length, device: device));
        gradient = Own(zeros(layout.TrainableLength, device: device));
        backboneGradient = Own(gradient.narrow(0, 0, layout.HeadsStart - layout.TrainableStart));
        headGradient = Own(gradient.narrow(0, layout.HeadsStart - layout.TrainableStart, layout.TrainableHeads * layout.HeadLength).view(layout.TrainableHeads * classes, layout.RowLength));
        headsTransposed = Own(flat.narrow(0, layout.HeadsStart, layout.Heads.Count * layout.HeadLength).view(layout.Heads.Count * classes, layout.RowLength).t());
        Upload = Own(flat.narrow(0, 0, layout.UploadLength));
        privates = Own(flat.narrow(0, layout.UploadLength, layout.Count(HeadRole.Private) * layout.HeadLength));
        features = Own(ones_(options.BatchSize, layout.RowLength, device));
        ones = Own(features.narrow(1, 0, dimension));
        driverIndex = [.. Enumerable.Range(0, layout.Heads.Count).Where(h => layout.Heads[h].DrivesBackbone)];
        drivers = [.. driverIndex.Select(h => Own(flat.narrow(0, layout.HeadsStart + h * layout.HeadLength, layout.HeadLength).view(classes, layout.RowLength).narrow(1, 0, dimension)))];
        state = Bind();
        Tensor trainable = Own(flat.narrow(0, layout.TrainableStart, layout.TrainableLength));
        optimiser = new FlatSgd(trainable, gradient, options.LearningRate, options.Momentum, options.WeightDecay);

        static Tensor ones_(long rows, long columns, Device device) => torch.ones(rows, columns, device: device);
    }

    public Device Device { get; }

    /// <summary>What leaves the client, a view: BatchNorm statistics, θ, shared heads.</summary>
    public Tensor Upload { get; }

    /// <summary>Takes the server's model, this client's private heads and the frozen heads; momentum starts at zero, as three fresh optimisers would.</summary>
    public void Load(Tensor upload, ReadOnlySpan<float> privateHeads, Tensor frozenHeads)
    {
        using DisposeScope scope = NewDisposeScope();
        Upload.copy_(upload);
        if (privateHeads.Length > 0) privates.copy_(tensor(privateHeads.ToArray()));
        if (frozenHeads.numel() > 0) flat.narrow(0, layout.Length - frozenHeads.numel(), frozenHeads.numel()).copy_(frozenHeads.view(-1));
        optimiser.Reset();
        gradient.zero_();
    }

    /// <summary>The private heads as they are now, a copy.</summary>
    public float[] PrivateHeads()
    {
        using DisposeScope scope = NewDisposeScope();
        return privates.cpu().data<float>().ToArray();
    }

    /// <summary>One minibatch x [B,c,h,w], y [B]. Adds each head's summed loss to <paramref name="lossSums"/> [H].</summary>
    public void Step(Tensor x, Tensor y, Tensor lossSums)
    {
        using DisposeScope scope = NewDisposeScope();
        Gradient(x, y, lossSums);
        optimiser.Step();
    }

    /// <summary>Forward and backward of one minibatch; fills the gradient buffer. Call within a dispose scope.</summary>
    internal void Gradient(Tensor x, Tensor y, Tensor lossSums)
    {
        long batch = x.shape[0];
        backboneGradient.zero_();
        Tensor z = layout.Backbone.Forward(state, x, train: true);                                  // [B,d]
        bool whole = batch == features.shape[0];
        Tensor z1 = whole ? features : features.narrow(0, 0, batch);                                // [B,d+1], last column 1
        (whole ? ones : ones.narrow(0, 0, batch)).copy_(z.detach());
        (Tensor loss, Tensor g) = HeadCrossEntropy.Of(z1.mm(headsTransposed), y, layout.Heads.Count, classes);
        lossSums.add_(loss);

        // All trainable heads' gradients in one product: (∂L/∂o)ᵀ [T·C,B] · z1 [B,d+1].
        headGradient.addmm_(g.narrow(1, 0, layout.TrainableHeads * classes).t(), z1, 0, 1);

        // Only driving heads reach the backbone: ∂L/∂z = Σ ∂L/∂o_h · W_h.
        Tensor? dz = null;
        for (int i = 0; i < drivers.Length; i++)
        {
            Tensor part = g.narrow(1, driverIndex[i] * classes, classes).mm(drivers[i]);
            dz = dz is null ? part : dz.add_(part);
        }

        if (dz is not null) z.backward([dz]);
    }

    /// <summary>x [B,c,h,w] → [B,d] with running statistics, without a gradient.</summary>
    public Tensor Features(Tensor x)
    {
        using IDisposable quiet = no_grad();
        return layout.Backbone.Forward(state, x, train: false);
    }

    /// <summary>The gradient of θ, shared and private heads, a view [trainable].</summary>
    internal Tensor GradientBuffer => gradient;

    internal Tensor State => flat;

    public void Dispose()
    {
        optimiser.Dispose();
        foreach (Tensor tensor in owned) tensor.Dispose();
    }

    // set_ makes a tensor over the same memory with a version of its own: BatchNorm may then update its buffers between a
    // convolution's forward and backward, and SGD may move the flat vector, without autograd taking the weights for changed.
    private BackboneState Bind()
    {
        return new BackboneState(
            Views(layout.Backbone.Parameters, layout.ParameterOffsets, withGradient: true),
            Views(layout.Backbone.Buffers, layout.BufferOffsets, withGradient: false));

        Tensor[] Views(IReadOnlyList<StateEntry> entries, IReadOnlyList<long> offsets, bool withGradient) =>
        [
            .. entries.Select((entry, i) =>
            {
                Tensor view = Own(zeros(0, device: Device));
                view.set_(flat.narrow(0, offsets[i], entry.Length).view(entry.Shape));
                if (withGradient)
                {
                    view.requires_grad_();
                    view.grad = Own(gradient.narrow(0, offsets[i] - layout.TrainableStart, entry.Length).view(entry.Shape));
                }

                return view;
            }),
        ];
    }

    private Tensor Own(Tensor tensor)
    {
        owned.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }
}
