using FedPlatform.Datasets;
using FedPlatform.Learning.Algorithms.FedAvg;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Models;
using FedPlatform.Learning.Torch;
using FedPlatform.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Agent.Bench;

/// <summary>What the server side of a round costs for a big model: folding one update, and a checkpoint on the disk and back.</summary>
internal static class AggregateBench
{
    private const int Clients = 10;

    public static IEnumerable<Measurement> Run(BenchContext context) =>
        Running.RunThread.Start("bench", () => Measure(context).ToArray()).GetAwaiter().GetResult();

    private static IEnumerable<Measurement> Measure(BenchContext context)
    {
        TorchRuntime.EnterThread();
        var layout = new StateLayout(BackboneFactory.Create("resnet18", new ImageShape(3, 32, 32)), new FedAvg().Heads, 10);
        float[] state = layout.InitialUpload(1);
        string size = $"{layout.Parameters:#,0} parameters, median of {Clients}";
        using Tensor upload = tensor(state);
        using var mean = new WeightedMean(upload, Clients);
        yield return Milliseconds("fold one update", size, Median(context, () => mean.Fold(upload, 1)));

        string path = Path.Combine(context.Folder, "resnet18.safetensors");
        NamedTensor[] tensors = [NamedTensor.Of("upload", state, state.Length)];
        yield return Milliseconds("write a checkpoint, with SHA-256 and fsync", size, Median(context, () => Safetensors.Write(path, tensors, new Dictionary<string, string>())));
        yield return Milliseconds("read a checkpoint", size, Median(context, () => Safetensors.Read(path)));
    }

    private static double Median(BenchContext context, Action action)
    {
        double[] seconds = [.. Enumerable.Range(0, Clients).Select(_ =>
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            long start = context.Time.GetTimestamp();
            action();
            return context.Time.GetElapsedTime(start).TotalSeconds;
        }).Order()];
        return seconds[Clients / 2] * 1000;
    }

    private static Measurement Milliseconds(string what, string note, double value) => new() { Bench = "aggregate", Case = $"ResNet-18, {what}", Value = value, Unit = "ms", Note = note };
}
