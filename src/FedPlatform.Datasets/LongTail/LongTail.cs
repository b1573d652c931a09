namespace FedPlatform.Datasets;

/// <summary>The exponential long-tail profile n_c = ⌊n_max · (1/IF)^{c/(C−1)}⌋.</summary>
public static class LongTail
{
    /// <summary>
    /// [C] n_c, class 0 the largest. n_max is the smallest available count over the classes, so that every class has what its place asks
    /// for: 5,000 for CIFAR-10, 500 for CIFAR-100, 6,000 for Fashion-MNIST. IF = 1 keeps the data set as it is: the available counts themselves.
    /// </summary>
    /// <param name="available">[C] training samples a class.</param>
    /// <param name="imbalanceFactor">IF = n_0 / n_{C−1}, at least 1.</param>
    public static int[] Counts(IReadOnlyList<int> available, double imbalanceFactor)
    {
        ArgumentNullException.ThrowIfNull(available);
        if (!(imbalanceFactor >= 1) || !double.IsFinite(imbalanceFactor))
        {
            throw new ArgumentOutOfRangeException(nameof(imbalanceFactor), imbalanceFactor, "The imbalance factor is a finite number of at least 1.");
        }

        if (imbalanceFactor == 1 || available.Count < 2)
        {
            return [.. available];
        }

        int largest = available.Min(), classes = available.Count;
        int[] counts = new int[classes];
        for (int c = 0; c < classes; c++)
        {
            // A product that is a whole number on paper (500 · 100^-½ = 50) may come out one ulp below it.
            counts[c] = (int)Math.Floor((largest * Math.Pow(1 / imbalanceFactor, c / (classes - 1.0))) + 1e-9);
        }

        return counts;
    }

    /// <summary>Per class: shuffled by <paramref name="seed"/>, the first n_c taken.</summary>
    /// <param name="labels">[N] class indices of the training set.</param>
    /// <param name="counts">[C] n_c; each at most what the class has.</param>
    /// <returns>Indices into <paramref name="labels"/>, ascending.</returns>
    public static int[] Select(int[] labels, int[] counts, long seed)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(counts);

        int[][] byClass = ClassIndex.Of(labels, counts.Length);
        bool[] taken = new bool[labels.Length];
        int total = 0;
        for (int c = 0; c < counts.Length; c++)
        {
            int[] members = byClass[c];
            if (counts[c] < 0 || counts[c] > members.Length)
            {
                throw new ArgumentException($"Class {c} has {members.Length} samples; {counts[c]} were asked for.", nameof(counts));
            }

            if (counts[c] < members.Length)
            {
                CounterRandom.For(seed, "long-tail", c).Shuffle(members);
            }

            foreach (int index in members.AsSpan(0, counts[c]))
            {
                taken[index] = true;
            }

            total += counts[c];
        }

        int[] selected = new int[total];
        for (int i = 0, at = 0; i < taken.Length; i++)
        {
            if (taken[i])
            {
                selected[at++] = i;
            }
        }

        return selected;
    }
}
