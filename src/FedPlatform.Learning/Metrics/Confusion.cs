namespace FedPlatform.Learning.Metrics;

/// <summary>Counts of true × predicted class, [C·C] row-major, and the numbers that come from them.</summary>
public sealed class Confusion
{
    private readonly int[] counts;

    public Confusion(int classes, ReadOnlySpan<int> labels, ReadOnlySpan<int> predictions)
    {
        if (labels.Length != predictions.Length) throw new ArgumentException($"{labels.Length} labels, {predictions.Length} predictions.", nameof(predictions));
        Classes = classes;
        counts = new int[classes * classes];
        for (int i = 0; i < labels.Length; i++) counts[labels[i] * classes + predictions[i]]++;
        Samples = labels.Length;
    }

    /// <summary>C.</summary>
    public int Classes { get; }

    public int Samples { get; }

    /// <summary>[C·C] row-major.</summary>
    public IReadOnlyList<int> Counts => counts;

    /// <summary>Samples of class c.</summary>
    public int Support(int c) => counts.AsSpan(c * Classes, Classes).ToArray().Sum();

    /// <summary>Fraction predicted right; null without samples.</summary>
    public double? TopOne() => Samples == 0 ? null : (double)Enumerable.Range(0, Classes).Sum(c => counts[c * Classes + c]) / Samples;

    /// <summary>[C] recall a class; null where the class has no samples.</summary>
    public double?[] PerClass() => [.. Enumerable.Range(0, Classes).Select(c => Support(c) is var n && n == 0 ? (double?)null : (double)counts[c * Classes + c] / n)];

    /// <summary>Unweighted mean of F1 over the classes that are true or predicted anywhere (scikit-learn's macro); null without samples.</summary>
    public double? MacroF1() => Samples == 0 ? null : Present().Average(F1);

    /// <summary>Mean of F1 weighted by the classes' samples; null without samples.</summary>
    public double? WeightedF1() => Samples == 0 ? null : Present().Sum(c => F1(c) * Support(c)) / Samples;

    // 2·TP / (true + predicted): zero where nothing was right.
    private double F1(int c) => 2.0 * counts[c * Classes + c] / (Support(c) + Predicted(c));

    private int Predicted(int c) => Enumerable.Range(0, Classes).Sum(t => counts[t * Classes + c]);

    private IEnumerable<int> Present() => Enumerable.Range(0, Classes).Where(c => Support(c) + Predicted(c) > 0);
}
