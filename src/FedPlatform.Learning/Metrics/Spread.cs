namespace FedPlatform.Learning.Metrics;

/// <summary>Mean, standard deviation (of the population: all K clients are there) and lowest of a measure over clients.</summary>
public sealed record Spread(double Mean, double Std, double Worst)
{
    /// <summary>Null values are clients without a local test set; null when nobody has one.</summary>
    public static Spread? Of(IEnumerable<double?> values)
    {
        double[] known = [.. values.OfType<double>()];
        if (known.Length == 0) return null;
        double mean = known.Average();
        return new Spread(mean, Math.Sqrt(known.Average(v => (v - mean) * (v - mean))), known.Min());
    }
}
