namespace FedPlatform.Contracts.Runs;

/// <summary>Who holds what, before any training: the preview in the form, <c>partition.json</c>, the run's data tab. All from the same code.</summary>
public sealed record PartitionReport
{
    /// <summary>[C] class names, in class order.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>[C] n_c, training samples after the long tail.</summary>
    public required IReadOnlyList<int> ClassCounts { get; init; }

    /// <summary>[C] balanced test samples a class.</summary>
    public required IReadOnlyList<int> TestCounts { get; init; }

    /// <summary>[C] <c>head</c>, <c>medium</c> or <c>tail</c> by counts (&gt; 100, 20–100, &lt; 20).</summary>
    public required IReadOnlyList<string> GroupsByCounts { get; init; }

    /// <summary>[C] the same by 75 % / 95 % of cumulative samples.</summary>
    public required IReadOnlyList<string> GroupsByCumulative { get; init; }

    /// <summary>[K] n_k.</summary>
    public required IReadOnlyList<int> ClientSizes { get; init; }

    /// <summary>[K][C] n_kc.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Counts { get; init; }

    /// <summary>[K][C] t_kc, local test samples.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> LocalTestCounts { get; init; }

    /// <summary>Things a person should know: clients without samples, classes that nobody holds.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
