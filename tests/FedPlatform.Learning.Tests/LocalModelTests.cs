using FedPlatform.Contracts.Models;
using FedPlatform.Datasets;
using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Batches;
using FedPlatform.Learning.Models;
using FedPlatform.Learning.Optimisation;
using FedPlatform.Learning.Torch;
using FedPlatform.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace FedPlatform.Learning.Tests;

public sealed class LocalModelTests : IDisposable
{
    private static readonly ImageShape Small = new(1, 8, 8);
    private static readonly HeadSpec[] Heads = [new("psi", HeadRole.Shared, false), new("phi", HeadRole.Private, false), new("etf", HeadRole.Frozen, true)];
    private static readonly LocalOptions Options = new(1, 16, 0.05, 0.5, 0);
    private readonly DisposeScope scope;

    public LocalModelTests()
    {
        TorchRuntime.Start();
        scope = NewDisposeScope();
    }

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Three_heads_get_the_gradient_that_autograd_gives_and_only_the_frozen_one_reaches_the_backbone()
    {
        var layout = new StateLayout(new SmallCnn(Small), Heads, 5);
        (Tensor upload, float[] privates, Tensor frozen) = Start(layout);
        using var model = new LocalModel(layout, Options, CPU);
        model.Load(upload, privates, frozen);
        (Tensor x, Tensor y) = Batch(16, 5);
        Tensor sums = zeros(3);
        model.Gradient(x, y, sums);

        // The definition, by autograd: CE(W_S z) → θ, CE(ψ(detach z)) → ψ, CE(φ(detach z)) → φ.
        Tensor state = model.State.clone();
        BackboneState leaves = Leaves(layout, state);
        Tensor psi = Head(layout, state, 0).requires_grad_(), phi = Head(layout, state, 1).requires_grad_(), etf = Head(layout, state, 2);
        Tensor z = layout.Backbone.Forward(leaves, x, train: true);
        Tensor a = F.cross_entropy(Apply(etf, z), y), b = F.cross_entropy(Apply(psi, z.detach()), y), c = F.cross_entropy(Apply(phi, z.detach()), y);
        (a + b + c).backward();

        for (int i = 0; i < leaves.Parameters.Length; i++) Close(leaves.Parameters[i].grad!, Gradient(model, layout, layout.ParameterOffsets[i], leaves.Parameters[i].shape));
        Close(psi.grad!, Gradient(model, layout, layout.HeadsStart, psi.shape));
        Close(phi.grad!, Gradient(model, layout, layout.HeadsStart + layout.HeadLength, phi.shape));
        float[] losses = sums.data<float>().ToArray();
        Assert.Equal(b.item<float>(), losses[0] / 16, 1e-4f);
        Assert.Equal(c.item<float>(), losses[1] / 16, 1e-4f);
        Assert.Equal(a.item<float>(), losses[2] / 16, 1e-4f);
    }

    [Fact]
    public void The_backbone_gradient_does_not_depend_on_psi_and_phi()
    {
        var layout = new StateLayout(new ResNet(Small, [16, 32, 64], [1, 1, 1]), Heads, 5);
        (Tensor upload, float[] privates, Tensor frozen) = Start(layout);
        using var model = new LocalModel(layout, Options, CPU);
        (Tensor x, Tensor y) = Batch(16, 5);
        model.Load(upload, privates, frozen);
        model.Gradient(x, y, zeros(3));
        byte[] first = Theta();

        Tensor other = upload.clone();
        other.narrow(0, layout.HeadsStart, layout.HeadLength).mul_(-30);
        model.Load(other, [.. privates.Select(p => 50 * p)], frozen);
        model.Gradient(x, y, zeros(3));
        Assert.Equal(first, Theta());

        // And it does depend on the head that drives it.
        model.Load(upload, privates, frozen * 2);
        model.Gradient(x, y, zeros(3));
        Assert.NotEqual(first, Theta());

        byte[] Theta() => model.GradientBuffer.narrow(0, 0, layout.HeadsStart - layout.TrainableStart).clone().bytes.ToArray();
    }

    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.9, 0.01)]
    [InlineData(0, 0)]
    public void Flat_SGD_is_torchs_SGD(double momentum, double decay)
    {
        Tensor start = randn(1000, generator: new Generator(3)), weights = start.clone(), gradient = zeros(1000);
        var parameter = new TorchSharp.Modules.Parameter(start.clone());
        using var mine = new FlatSgd(weights, gradient, 0.03, momentum, decay);
        optim.Optimizer theirs = optim.SGD([parameter], 0.03, momentum, weight_decay: decay);
        for (int step = 0; step < 7; step++)
        {
            Tensor g = randn(1000, generator: new Generator(100 + (ulong)step));
            gradient.copy_(g);
            parameter.grad = g.clone();
            mine.Step();
            theirs.step();
        }

        Assert.True((weights - parameter).abs().max().item<float>() < 1e-6);
        Assert.True((weights - start).abs().max().item<float>() > 0.1);
    }

    [Fact]
    public void Loading_a_client_forgets_the_momentum_of_the_one_before()
    {
        var layout = new StateLayout(new SmallCnn(Small), Heads, 5);
        (Tensor upload, float[] privates, Tensor frozen) = Start(layout);
        (Tensor x, Tensor y) = Batch(16, 5);
        using LocalModel fresh = new(layout, Options, CPU), used = new(layout, Options, CPU);
        used.Load(upload * 0.5, privates, frozen);
        for (int i = 0; i < 3; i++) used.Step(x, y, zeros(3));
        foreach (LocalModel model in new[] { fresh, used })
        {
            model.Load(upload, privates, frozen);
            for (int i = 0; i < 2; i++) model.Step(x, y, zeros(3));
        }

        Assert.Equal(fresh.State.bytes.ToArray(), used.State.bytes.ToArray());
    }

    [Theory]
    [InlineData("cnn", 1, 8, 8)]
    [InlineData("cnn", 1, 28, 28)]
    [InlineData("cnn", 3, 32, 32)]
    [InlineData("resnet8", 1, 8, 8)]
    [InlineData("resnet20", 3, 32, 32)]
    [InlineData("resnet18", 1, 8, 8)]
    [InlineData("resnet34", 1, 8, 8)]
    public void Every_model_gives_d_features_and_survives_a_batch_of_one(string key, int channels, int height, int width)
    {
        LoadedDataset data = Samples.Synthetic(new ImageShape(channels, height, width), 4, 3, 1);
        Backbone backbone = BackboneFactory.Create(key, data.Info.Shape);
        Assert.Equal(ModelCatalogue.Find(key)!.FeatureDimension, backbone.FeatureDimension);
        var layout = new StateLayout(backbone, Heads, 4);
        (Tensor upload, float[] privates, Tensor frozen) = Start(layout);
        using var model = new LocalModel(layout, Options, CPU);
        using var batches = new BatchAssembler(data.Info, Augmentation.None, 4, CPU);
        model.Load(upload, privates, frozen);
        Tensor sums = zeros(3);
        (Tensor x, Tensor y) = batches.Assemble(data.Train, [0, 1, 2], null);
        Assert.Equal([3L, backbone.FeatureDimension], model.Features(x).shape);
        model.Step(x, y, sums);
        (x, y) = batches.Assemble(data.Train, [3], null);
        model.Step(x, y, sums);
        Assert.True(model.State.isfinite().all().item<bool>());
        Assert.True(sums.isfinite().all().item<bool>());
    }

    [Fact]
    public void The_small_cnn_has_about_455_thousand_parameters()
    {
        var layout = new StateLayout(new SmallCnn(new ImageShape(1, 28, 28)), [new HeadSpec("classifier", HeadRole.Shared, true)], 10);
        Assert.Equal(454_922, layout.Parameters);
    }

    [Theory]
    [InlineData("resnet18", 512)]
    [InlineData("resnet8", 64)]
    public void Heads_begin_uniform_in_one_over_root_d(string key, int d)
    {
        var layout = new StateLayout(BackboneFactory.Create(key, Small), Heads, 10);
        float[] upload = layout.InitialUpload(1), psi = upload[(int)layout.HeadsStart..], phi = layout.InitialPrivate(1, 3);
        double bound = 1 / Math.Sqrt(d);
        foreach (float[] head in new[] { psi, phi })
        {
            Assert.All(head, v => Assert.InRange(v, -bound, bound));
            Assert.True(head.Max() > 0.97 * bound && head.Min() < -0.97 * bound);
            Assert.Equal(0, head.Average(), 0.1 * bound);

            // Var U(−b, b) = b²/3; a row of d entries then has norm √(d/3)·b = 0.577.
            Assert.Equal(bound / Math.Sqrt(3), Math.Sqrt(head.Average(v => v * v)), 0.05 * bound);
        }

        Assert.NotEqual(phi, layout.InitialPrivate(1, 4));
        Assert.Equal(phi, layout.InitialPrivate(1, 3));
    }

    [Fact]
    public void Convolutions_begin_with_Hes_deviation_and_norms_with_one_and_zero()
    {
        var layout = new StateLayout(BackboneFactory.Create("resnet18", Small), Heads, 10);
        float[] state = layout.InitialUpload(1);
        for (int i = 0; i < layout.Backbone.Parameters.Count; i++)
        {
            StateEntry entry = layout.Backbone.Parameters[i];
            float[] values = state[(int)layout.ParameterOffsets[i]..(int)(layout.ParameterOffsets[i] + entry.Length)];
            if (entry.Shape.Length == 4 && values.Length > 30_000)
            {
                Assert.Equal(Math.Sqrt(2.0 / (entry.Shape[0] * entry.Shape[2] * entry.Shape[3])), Math.Sqrt(values.Average(v => v * v)), 3e-2 * Math.Sqrt(2.0 / entry.Fan));
            }
            else if (entry.Shape.Length == 1)
            {
                Assert.All(values, v => Assert.Equal(entry.Name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0, v));
            }
        }

        Assert.NotEqual(state, layout.InitialUpload(2));
    }

    [Fact]
    public void Twenty_steps_leave_as_many_tensors_as_they_found()
    {
        LoadedDataset data = Samples.Synthetic(Small, 5, 40, 2);
        var layout = new StateLayout(new ResNet(Small, [16, 32, 64], [1, 1, 1]), Heads, 5);
        (Tensor upload, float[] privates, Tensor frozen) = Start(layout);
        using var worker = new Worker(new WorkerSetup(layout, Options with { BatchSize = 8 }, data, new Augmentation(1, true), 1, CPU, frozen));
        int[] samples = [.. Enumerable.Range(0, 160)];
        worker.Train(upload, privates, 1, 0, samples);

        // The count is the process's: what earlier tests left to finalizers must be gone before it is taken.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        var counts = new HashSet<long>();
        worker.Train(upload, privates, 2, 0, samples, () => counts.Add(Tensor.TotalCount));
        Assert.Equal(before, Tensor.TotalCount);
        Assert.True(counts.Count <= 2, $"The number of live tensors wandered over {counts.Count} values.");
    }

    [Fact]
    public void A_gpu_that_is_not_there_is_a_clear_error()
    {
        Assert.SkipWhen(TorchRuntime.Start().Cuda, "This machine has CUDA.");
        Assert.Contains("CUDA is not available", Assert.Throws<Federation.RunFailedException>(() => TorchRuntime.Device("cuda:0")).Message, StringComparison.Ordinal);
        Assert.Throws<Federation.RunFailedException>(() => TorchRuntime.Device("tpu"));
    }

    [Fact]
    public void The_runtime_reports_one_thread_and_a_tuned_allocator()
    {
        TorchReport report = TorchRuntime.Start();
        Assert.Equal(1, report.IntraOpThreads);
        if (OperatingSystem.IsLinux()) Assert.True(report.AllocatorTuned);
        Assert.NotEmpty(report.Bf16Reason);
        Assert.Same(report, TorchRuntime.Start());
    }

    private static (Tensor Upload, float[] Privates, Tensor Frozen) Start(StateLayout layout) =>
        (tensor(layout.InitialUpload(1)), layout.InitialPrivate(1, 0), randn(layout.HeadLength, generator: new Generator(5)) * 0.1);

    private static (Tensor X, Tensor Y) Batch(int size, int classes) =>
        (randn(size, 1, 8, 8, generator: new Generator(9)), arange(size) % classes);

    private static BackboneState Leaves(StateLayout layout, Tensor state)
    {
        Tensor[] Take(IReadOnlyList<StateEntry> entries, IReadOnlyList<long> offsets) => [.. entries.Select((e, i) => state.narrow(0, offsets[i], e.Length).view(e.Shape).clone())];
        return new BackboneState([.. Take(layout.Backbone.Parameters, layout.ParameterOffsets).Select(p => p.requires_grad_())], Take(layout.Backbone.Buffers, layout.BufferOffsets));
    }

    private static Tensor Head(StateLayout layout, Tensor state, int head) =>
        state.narrow(0, layout.HeadsStart + head * layout.HeadLength, layout.HeadLength).view(layout.Classes, layout.RowLength).clone();

    private static Tensor Apply(Tensor head, Tensor z) => F.linear(z, head.narrow(1, 0, z.shape[1]), head.select(1, z.shape[1]));

    private static Tensor Gradient(LocalModel model, StateLayout layout, long offset, long[] shape) =>
        model.GradientBuffer.narrow(0, offset - layout.TrainableStart, shape.Aggregate(1L, (a, b) => a * b)).view(shape);

    private static void Close(Tensor expected, Tensor actual)
    {
        float difference = (expected - actual).abs().max().item<float>(), scale = expected.abs().max().item<float>();
        Assert.True(scale > 0);
        Assert.True(difference <= 1e-4f * scale, $"differs by {difference} of {scale}");
    }
}
