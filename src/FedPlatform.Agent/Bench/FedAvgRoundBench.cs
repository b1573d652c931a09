using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;

namespace FedPlatform.Agent.Bench;

/// <summary>A FedAvg round on Fashion-MNIST-LT: what it takes, and what a second worker is worth.</summary>
internal static class FedAvgRoundBench
{
    private const double SecondsTarget = 5, RatioTarget = 1.9;

    private static readonly RunSpec s_spec = new()
    {
        Name = "FedAvg on Fashion-MNIST-LT",
        Dataset = "fashion-mnist",
        LongTail = new LongTailSpec { ImbalanceFactor = 100 },
        Partition = new PartitionSpec { Kind = "dirichlet", Alpha = 0.5, Clients = 20 },
        Model = "cnn",
        Algorithm = new AlgorithmSpec { Name = "fedavg", LocalEpochs = 1, BatchSize = 64 },
    };

    public static IEnumerable<Measurement> Run(BenchContext context)
    {
        (LoadedDataset data, string source) = Data(context);

        // Every round trains the same 20 clients; only the last is evaluated. Runs with one and two workers take turns, so that
        // a machine that slows down meanwhile does not favour either.
        RunSpec spec = s_spec with { Rounds = context.Quick ? 2 : 3, EvaluateEvery = context.Quick ? 2 : 3 };
        var seconds = new Dictionary<int, List<double>> { [1] = [], [2] = [] };
        RoundReport? last = null;
        for (int repeat = 0; repeat < (context.Quick ? 1 : 2); repeat++)
        {
            foreach (int workers in (int[])[1, 2])
            {
                (_, IReadOnlyList<RoundReport> rounds) = BenchRun.Run(context, spec with { Workers = workers }, data);
                // The first round also warms libtorch's kernels up.
                seconds[workers].AddRange(rounds.Skip(1).Select(Training));
                last = rounds[^1];
            }
        }

        double one = BenchRun.Median(seconds[1]), two = BenchRun.Median(seconds[2]), ratio = one / two;
        string note = $"{source}, 14,886 images, training and aggregation, median of {seconds[1].Count}";
        yield return Entry("1 worker", one, "s", note);
        yield return Entry("2 workers", two, "s", note) with { Target = $"≤ {SecondsTarget}", Met = two <= SecondsTarget };
        yield return Entry("1 worker ÷ 2 workers", ratio, "×", null) with
        {
            Target = $"≥ {RatioTarget}",
            Met = ratio >= RatioTarget,
            Note = Environment.ProcessorCount < 2 ? "this machine has one core" : null,
        };
        yield return Entry("evaluation, 2 workers", last!.Phases.GetValueOrDefault("evaluate"), "s", $"GM and PM of all 20 clients on {data.Test.Count:#,0} test images");
    }

    private static double Training(RoundReport report) => report.Phases.GetValueOrDefault("train") + report.Phases.GetValueOrDefault("aggregate");

    private static Measurement Entry(string what, double value, string unit, string? note) => new() { Bench = "fedavg-round", Case = what, Value = value, Unit = unit, Note = note };

    private static (LoadedDataset Data, string Source) Data(BenchContext context)
    {
        try
        {
            return (new DatasetCatalogue(context.DataRoots).Load(s_spec.Dataset, context.CancellationToken), "Fashion-MNIST");
        }
        catch (DatasetException)
        {
            return (Synthetic(), "SYNTHETIC images of Fashion-MNIST's shape and counts (it was not found)");
        }
    }

    /// <summary>Noise instead of clothes: the same work, no meaning.</summary>
    private static LoadedDataset Synthetic()
    {
        var shape = new ImageShape(1, 28, 28);
        int[] train = [.. Enumerable.Repeat(6000, 10)], test = [.. Enumerable.Repeat(1000, 10)];
        ImageSet Make(int[] counts, string stream)
        {
            int[] labels = [.. counts.SelectMany((n, c) => Enumerable.Repeat(c, n))];
            byte[] pixels = new byte[labels.Length * shape.Bytes];
            var random = CounterRandom.For(1, stream);
            for (int i = 0; i + 8 <= pixels.Length; i += 8) BitConverter.TryWriteBytes(pixels.AsSpan(i), random.NextUInt64());
            return new ImageSet(shape, pixels, labels);
        }

        var info = new DatasetInfo
        {
            Key = "fashion-mnist",
            Title = "Synthetic",
            Description = "Noise of Fashion-MNIST's shape.",
            Credit = "",
            Location = "synthetic",
            ClassNames = [.. Enumerable.Range(0, 10).Select(c => c.ToString())],
            Shape = shape,
            TrainCounts = train,
            TestCounts = test,
            Bytes = 0,
            Sha256 = "",
            Mean = [0.5],
            Std = [0.29],
            DefaultCropPadding = 0,
            DefaultHorizontalFlip = false,
        };
        return new LoadedDataset(info, Make(train, "bench/train"), Make(test, "bench/test"));
    }
}
