namespace FedPlatform.Datasets;

/// <summary>Each client's own test set: its class mix, drawn from the balanced test images.</summary>
public static class LocalTests
{
    /// <summary>
    /// [K][C] t_kc = ⌊n_kc / N · T⌋, capped at the test images of the class.
    /// </summary>
    /// <param name="clientCounts">[K][C] n_kc.</param>
    /// <param name="testCounts">[C] balanced test images a class.</param>
    /// <param name="images">T.</param>
    public static int[][] Counts(IReadOnlyList<IReadOnlyList<int>> clientCounts, IReadOnlyList<int> testCounts, int images)
    {
        ArgumentNullException.ThrowIfNull(clientCounts);
        ArgumentNullException.ThrowIfNull(testCounts);
        ArgumentOutOfRangeException.ThrowIfNegative(images);

        long total = clientCounts.Sum(row => row.Sum(n => (long)n));
        int[][] result = new int[clientCounts.Count][];
        for (int k = 0; k < result.Length; k++)
        {
            result[k] = new int[testCounts.Count];
            for (int c = 0; c < testCounts.Count && total > 0; c++)
            {
                // Whole numbers: n/N·T in doubles falls one short where it is exact on paper.
                result[k][c] = (int)Math.Min((long)clientCounts[k][c] * images / total, testCounts[c]);
            }
        }

        return result;
    }

    /// <summary>Draws t_kc images of every class without replacement inside a client; clients may share images.</summary>
    /// <param name="counts">[K][C] t_kc.</param>
    /// <param name="testLabels">[N_test] class indices.</param>
    /// <param name="seed">The draw of client k and class c depends on (seed, k, c) alone.</param>
    /// <returns>[K][t_k] indices into the test set, each ascending.</returns>
    public static int[][] Draw(int[][] counts, int[] testLabels, int classes, long seed)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentNullException.ThrowIfNull(testLabels);

        int[][] byClass = ClassIndex.Of(testLabels, classes);
        int[][] result = new int[counts.Length][];
        for (int k = 0; k < counts.Length; k++)
        {
            int[] drawn = new int[counts[k].Sum()];
            int at = 0;
            for (int c = 0; c < classes; c++)
            {
                int wanted = counts[k][c];
                if (wanted > 0)
                {
                    Sample(byClass[c], drawn.AsSpan(at, wanted), seed, k, c);
                    at += wanted;
                }
            }

            Array.Sort(drawn);
            result[k] = drawn;
        }

        return result;
    }

    /// <summary>The first steps of a Fisher–Yates shuffle, taken back afterwards so that the pool stays as it was: O(t), not O(pool).</summary>
    private static void Sample(int[] pool, Span<int> drawn, long seed, int client, int label)
    {
        if (drawn.Length == pool.Length)
        {
            pool.CopyTo(drawn);
            return;
        }

        CounterRandom random = CounterRandom.For(seed, "local-test", client, label);
        int[] swaps = new int[drawn.Length];
        for (int i = 0; i < drawn.Length; i++)
        {
            swaps[i] = i + random.NextInt(pool.Length - i);
            (pool[i], pool[swaps[i]]) = (pool[swaps[i]], pool[i]);
            drawn[i] = pool[i];
        }

        for (int i = drawn.Length - 1; i >= 0; i--)
        {
            (pool[i], pool[swaps[i]]) = (pool[swaps[i]], pool[i]);
        }
    }
}
