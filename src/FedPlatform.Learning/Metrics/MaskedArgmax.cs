namespace FedPlatform.Learning.Metrics;

/// <summary>Predictions from logits, with or without the classes that a client may not choose.</summary>
public static class MaskedArgmax
{
    /// <summary>The names of the masks: all classes, those of the local training set, those of the local test set (leaky).</summary>
    public static IReadOnlyList<string> Masks { get; } = ["none", "train", "test"];

    /// <summary>Index of the largest of logits [C] among the allowed; the first of equals; all are allowed when <paramref name="allowed"/> is empty.</summary>
    public static int Of(ReadOnlySpan<float> logits, ReadOnlySpan<bool> allowed)
    {
        int best = -1;
        for (int c = 0; c < logits.Length; c++)
        {
            if (!allowed.IsEmpty && !allowed[c]) continue;
            if (best < 0 || logits[c] > logits[best]) best = c;
        }

        return Math.Max(best, 0);
    }
}
