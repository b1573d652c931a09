namespace FedPlatform.Datasets;

/// <summary>How much a class is seen in training.</summary>
public enum ClassGroup
{
    Head,
    Medium,
    Tail,
}

/// <summary>The two rules that divide classes into head, medium and tail by their training counts n_c.</summary>
public static class ClassGroups
{
    /// <summary>[C] by <c>counts</c>: above 100 head, 20 to 100 medium, below 20 tail.</summary>
    public static ClassGroup[] ByCounts(IReadOnlyList<int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return [.. counts.Select(n => n > 100 ? ClassGroup.Head : n >= 20 ? ClassGroup.Medium : ClassGroup.Tail)];
    }

    /// <summary>
    /// [C] by <c>cumulative</c>: classes from the largest to the smallest; those that fill the first 75 % of the samples are head, those up to
    /// 95 % medium, the rest tail. The class that crosses a line belongs to the bigger group; equal counts go by class index.
    /// </summary>
    public static ClassGroup[] ByCumulative(IReadOnlyList<int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        long total = counts.Sum(n => (long)n), before = 0;
        ClassGroup[] groups = new ClassGroup[counts.Count];
        foreach (int c in Enumerable.Range(0, counts.Count).OrderByDescending(c => counts[c]).ThenBy(c => c))
        {
            // In whole numbers: 75 % of 100 samples must not depend on rounding.
            groups[c] = before * 100 < 75 * total ? ClassGroup.Head : before * 100 < 95 * total ? ClassGroup.Medium : ClassGroup.Tail;
            before += counts[c];
        }

        return groups;
    }

    /// <summary>[C] by the rule's name in specs: <c>counts</c> or <c>cumulative</c>.</summary>
    /// <exception cref="ArgumentException">Another rule.</exception>
    public static ClassGroup[] By(string rule, IReadOnlyList<int> counts) => rule switch
    {
        "counts" => ByCounts(counts),
        "cumulative" => ByCumulative(counts),
        _ => throw new ArgumentException($"Unknown group rule '{rule}'; there are counts and cumulative.", nameof(rule)),
    };

    /// <summary>The name of a group in reports: <c>head</c>, <c>medium</c> or <c>tail</c>.</summary>
    public static string NameOf(ClassGroup group) => group switch
    {
        ClassGroup.Head => "head",
        ClassGroup.Medium => "medium",
        _ => "tail",
    };
}
