namespace FedPlatform.Agent.Bench;

/// <summary>One measured number.</summary>
public sealed record Measurement
{
    /// <summary>Name of the benchmark, as on the command line.</summary>
    public required string Bench { get; init; }

    /// <summary>What was measured.</summary>
    public required string Case { get; init; }

    public required double Value { get; init; }
    public required string Unit { get; init; }

    /// <summary>The project's own bound, such as <c>≤ 60</c>; null where there is none.</summary>
    public string? Target { get; init; }

    /// <summary>Null without a target, and where the measurement was too short to say.</summary>
    public bool? Met { get; init; }

    /// <summary>What a reader must know to compare it.</summary>
    public string? Note { get; init; }
}

/// <summary>What every benchmark gets.</summary>
/// <param name="Quick">Measure less; numbers are rougher and say so.</param>
/// <param name="Folder">An empty folder of its own.</param>
public sealed record BenchContext(bool Quick, string Folder, IReadOnlyList<string> DataRoots, TimeProvider Time, CancellationToken CancellationToken);

/// <summary>A group of measurements that can be asked for by name.</summary>
public sealed record Benchmark(string Name, string Description, Func<BenchContext, IEnumerable<Measurement>> Run)
{
    /// <summary>Shortest first, so that a reader sees something soon.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new("aggregate", "fold of updates, checkpoint to disk and back, ResNet-18", AggregateBench.Run),
        new("train", "training steps a second, one thread, by model", TrainBench.Run),
        new("sse-c", "seconds to build the SSE-C classifier", SparseEtfBench.Run),
        new("sample-run", "the FedLoGe sample run on Digits, 30 rounds", SampleRunBench.Run),
        new("fedavg-round", "one FedAvg round on Fashion-MNIST-LT, 20 clients, with 1 worker and with 2", FedAvgRoundBench.Run),
        new("memory", "peak memory of runs with 10 and with 1,000 clients", MemoryBench.Run),
    ];
}
