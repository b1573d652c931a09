using FedPlatform.Contracts.Runs;

namespace FedPlatform.Web.Components.Charts;

/// <summary>A curve of a line chart.</summary>
/// <param name="Label">Shown in the legend.</param>
/// <param name="Color">A token of app.css, such as <c>--gm</c>.</param>
/// <param name="Dash">Dashed: personalised.</param>
/// <param name="Best">Marks the highest point.</param>
public sealed record LineSeries(string Label, string Color, bool Dash = false, double Width = 2, bool Hidden = false, bool Best = false);

/// <summary>The area between two series, by their indices.</summary>
public sealed record LineBand(int Low, int High, string Color);

/// <summary>A matrix of numbers with names on both sides; <paramref name="Values"/> is row-major, null is blank.</summary>
public sealed record HeatData(IReadOnlyList<string> Rows, IReadOnlyList<string> Columns, IReadOnlyList<double?> Values)
{
    public string Label { get; init; } = "";
    public string RowTitle { get; init; } = "";
    public string? ColumnTitle { get; init; }

    /// <summary><c>count</c> or <c>percent</c>.</summary>
    public string Format { get; init; } = "count";
    public string? Unit { get; init; }

    /// <summary><c>sqrt</c> shows small counts beside large ones; <c>linear</c>.</summary>
    public string Scale { get; init; } = "linear";
    public double? Max { get; init; }
    public int? Height { get; init; }

    /// <summary>Head, medium or tail of each column.</summary>
    public IReadOnlyList<string>? Groups { get; init; }
    public bool Confusion { get; init; }
    public IReadOnlyList<int>? ConfusionOf { get; init; }
}

/// <summary>Accuracy a class, sorted from the largest class to the smallest.</summary>
public sealed record BarsData
{
    public required IReadOnlyList<string> Classes { get; init; }
    public required IReadOnlyList<string> Groups { get; init; }
    public required IReadOnlyList<double?> Accuracy { get; init; }
    public required IReadOnlyList<int> Counts { get; init; }

    /// <summary>Ghost bars; empty: none.</summary>
    public IReadOnlyList<double?> Before { get; init; } = [];
    public string AccuracyName { get; init; } = "GM";
    public string BeforeName { get; init; } = "before";
    public string Label { get; init; } = "";

    /// <summary>Class order from head to tail.</summary>
    public static int[] Order(IReadOnlyList<int> counts) => [.. Enumerable.Range(0, counts.Count).OrderByDescending(c => counts[c]).ThenBy(c => c)];

    public static BarsData From(PartitionReport data, string rule, IReadOnlyList<double?> accuracy, IReadOnlyList<double?> before)
    {
        IReadOnlyList<string> groups = rule == "cumulative" ? data.GroupsByCumulative : data.GroupsByCounts;
        int[] order = Order(data.ClassCounts);
        return new BarsData
        {
            Classes = [.. order.Select(c => data.ClassNames[c])],
            Groups = [.. order.Select(c => groups[c])],
            Accuracy = [.. order.Select(c => accuracy.ElementAtOrDefault(c))],
            Counts = [.. order.Select(c => data.ClassCounts[c])],
            Before = before.Count == 0 ? [] : [.. order.Select(c => before.ElementAtOrDefault(c))],
        };
    }
}

/// <summary>One dot a client.</summary>
public sealed record SwarmData(IReadOnlyList<SwarmClient> Clients, double? Mean, string Href, string Label);

public sealed record SwarmClient(int Id, string Name, double? Pm, double? Gm, int Samples, bool Selected);
