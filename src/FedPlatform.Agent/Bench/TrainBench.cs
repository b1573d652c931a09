using FedPlatform.Contracts.Models;
using FedPlatform.Datasets;
using FedPlatform.Learning.Algorithms.FedAvg;
using FedPlatform.Learning.Models;
using FedPlatform.Learning.Torch;
using FedPlatform.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Agent.Bench;

/// <summary>Steps a second of local training on one thread: forward, backward, SGD; the batch is in memory already.</summary>
internal static class TrainBench
{
    private const int Batch = 32, Classes = 10;

    private static readonly (string Model, ImageShape Shape)[] s_cases =
    [
        ("cnn", new ImageShape(1, 28, 28)),
        ("resnet8", new ImageShape(3, 32, 32)),
        ("resnet20", new ImageShape(3, 32, 32)),
        ("resnet18", new ImageShape(3, 32, 32)),
    ];

    public static IEnumerable<Measurement> Run(BenchContext context)
    {
        foreach ((string model, ImageShape shape) in s_cases)
        {
            yield return Running.RunThread.Start("bench", () => Measure(context, model, shape)).GetAwaiter().GetResult();
        }
    }

    private static Measurement Measure(BenchContext context, string model, ImageShape shape)
    {
        TorchRuntime.EnterThread();
        using DisposeScope scope = NewDisposeScope();
        var layout = new StateLayout(BackboneFactory.Create(model, shape), new FedAvg().Heads, Classes);
        using var local = new LocalModel(layout, new LocalOptions(1, Batch, 0.03, 0.5, 0), CPU);
        var random = CounterRandom.For(1, "bench");
        float[] pixels = new float[Batch * shape.Bytes];
        foreach (ref float pixel in pixels.AsSpan()) pixel = (float)random.NextGaussian();
        // Channels-last in memory, as training batches are.
        Tensor x = tensor(pixels, [Batch, shape.Height, shape.Width, shape.Channels]).permute(0, 3, 1, 2);
        Tensor y = tensor(Enumerable.Range(0, Batch).Select(i => (long)(i % Classes)).ToArray());
        Tensor losses = zeros(layout.Heads.Count);
        using Tensor initial = tensor(layout.InitialUpload(1));
        using Tensor none = zeros(0);
        local.Load(initial, [], none);

        for (int i = 0; i < 3; i++) local.Step(x, y, losses);
        var seconds = new List<double>();
        double budget = context.Quick ? 1 : 4, spent = 0;
        while (spent < budget || seconds.Count < 5)
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            long start = context.Time.GetTimestamp();
            local.Step(x, y, losses);
            seconds.Add(context.Time.GetElapsedTime(start).TotalSeconds);
            spent += seconds[^1];
        }

        seconds.Sort();
        return new Measurement
        {
            Bench = "train",
            Case = $"{model}, {shape.Channels}×{shape.Height}×{shape.Width}, batch {Batch}",
            Value = 1 / seconds[seconds.Count / 2],
            Unit = "steps/s",
            Note = $"{layout.Parameters:#,0} parameters, median of {seconds.Count} steps, {ModelCatalogue.Find(model)!.Title}, fp32",
        };
    }
}
