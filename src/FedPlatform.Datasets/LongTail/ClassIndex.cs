namespace FedPlatform.Datasets;

/// <summary>Which samples belong to which class.</summary>
public static class ClassIndex
{
    /// <summary>[C][n_c] positions in <paramref name="labels"/>, ascending; counted first, so that no list grows.</summary>
    /// <exception cref="ArgumentException">A label outside 0 … C − 1.</exception>
    public static int[][] Of(ReadOnlySpan<int> labels, int classes)
    {
        int[] counts = Counts(labels, classes);
        int[][] members = new int[classes][];
        for (int c = 0; c < classes; c++)
        {
            members[c] = new int[counts[c]];
        }

        Array.Clear(counts);
        for (int i = 0; i < labels.Length; i++)
        {
            members[labels[i]][counts[labels[i]]++] = i;
        }

        return members;
    }

    /// <summary>[C] samples a class.</summary>
    /// <exception cref="ArgumentException">A label outside 0 … C − 1.</exception>
    public static int[] Counts(ReadOnlySpan<int> labels, int classes)
    {
        int[] counts = new int[classes];
        for (int i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)classes)
            {
                throw new ArgumentException($"Sample {i} has label {labels[i]}; labels are 0 to {classes - 1}.", nameof(labels));
            }

            counts[labels[i]]++;
        }

        return counts;
    }
}
