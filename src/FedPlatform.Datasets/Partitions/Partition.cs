using FedPlatform.Contracts.Specs;

namespace FedPlatform.Datasets;

/// <summary>Divides the long-tailed training set among the K clients.</summary>
public static class Partition
{
    /// <summary>
    /// <c>dirichlet</c>: per class c, q ~ Dir(α·1_K), then each sample of c goes independently to a client ~ Categorical(q); no minimum size.
    /// <c>iid</c>: all samples shuffled and dealt in turn; client sizes differ by at most one.
    /// </summary>
    /// <param name="labels">[N] class indices of the whole training set.</param>
    /// <param name="selected">Indices into <paramref name="labels"/> that take part (the long tail), ascending.</param>
    /// <param name="classes">C.</param>
    /// <param name="seed">Every class has its own stream, so the result does not depend on the number of threads.</param>
    /// <returns>[K][n_k] training indices, each ascending.</returns>
    public static int[][] Create(PartitionSpec spec, int[] labels, int[] selected, int classes, long seed)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(selected);
        ArgumentOutOfRangeException.ThrowIfLessThan(spec.Clients, 1);

        int[] owners = spec.Kind switch
        {
            "dirichlet" => Dirichlet(spec, labels, selected, classes, seed),
            "iid" => Deal(spec.Clients, selected.Length, seed),
            _ => throw new ArgumentException($"Unknown partition kind '{spec.Kind}'; there are dirichlet and iid.", nameof(spec)),
        };

        int[] sizes = new int[spec.Clients];
        foreach (int owner in owners)
        {
            sizes[owner]++;
        }

        int[][] clients = new int[spec.Clients][];
        for (int k = 0; k < clients.Length; k++)
        {
            clients[k] = new int[sizes[k]];
        }

        Array.Clear(sizes);
        for (int i = 0; i < owners.Length; i++)
        {
            clients[owners[i]][sizes[owners[i]]++] = selected[i];
        }

        return clients;
    }

    private static int[] Dirichlet(PartitionSpec spec, int[] labels, int[] selected, int classes, long seed)
    {
        if (!(spec.Alpha > 0) || !double.IsFinite(spec.Alpha))
        {
            throw new ArgumentOutOfRangeException(nameof(spec), spec.Alpha, "The Dirichlet concentration α is a finite number above 0.");
        }

        int[] owners = new int[selected.Length];
        int[][] byClass = ClassIndex.Of(Array.ConvertAll(selected, i => labels[i]), classes);
        Parallel.For(
            0,
            classes,
            () => new double[spec.Clients],
            (c, _, cumulative) =>
            {
                if (byClass[c].Length == 0)
                {
                    return cumulative;
                }

                CounterRandom random = CounterRandom.For(seed, "partition", c);
                DrawCumulative(random, spec.Alpha, cumulative);
                foreach (int position in byClass[c])
                {
                    owners[position] = Categorical(random, cumulative);
                }

                return cumulative;
            },
            static _ => { });
        return owners;
    }

    /// <summary>q ~ Dir(α·1_K) as K gamma variates over their sum, kept unnormalised and cumulative. From logarithms: with a small α all K underflow otherwise.</summary>
    private static void DrawCumulative(CounterRandom random, double alpha, double[] cumulative)
    {
        double largest = double.NegativeInfinity;
        for (int k = 0; k < cumulative.Length; k++)
        {
            cumulative[k] = random.NextLogGamma(alpha);
            largest = Math.Max(largest, cumulative[k]);
        }

        double sum = 0;
        for (int k = 0; k < cumulative.Length; k++)
        {
            // Below α ≈ 1e-307 several logarithms may be −∞: exp(NaN) must not spread.
            double weight = cumulative[k] == largest ? 1 : Math.Exp(cumulative[k] - largest);
            cumulative[k] = sum += weight;
        }
    }

    /// <summary>The first k with u·Σ &lt; cumulative[k].</summary>
    private static int Categorical(CounterRandom random, double[] cumulative)
    {
        double u = random.NextDouble() * cumulative[^1];
        int low = 0, high = cumulative.Length - 1;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (u < cumulative[middle])
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private static int[] Deal(int clients, int samples, long seed)
    {
        int[] order = new int[samples];
        for (int i = 0; i < samples; i++)
        {
            order[i] = i;
        }

        CounterRandom.For(seed, "partition").Shuffle(order);
        int[] owners = new int[samples];
        for (int i = 0; i < samples; i++)
        {
            owners[order[i]] = i % clients;
        }

        return owners;
    }
}
