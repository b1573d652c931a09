using FedPlatform.Datasets;

namespace FedPlatform.Learning.Federation;

/// <summary>Who takes part in a round.</summary>
public static class ClientSampler
{
    /// <summary>m = max(⌊participation·K⌋, 1).</summary>
    public static int Size(int clients, double participation) => Math.Clamp((int)Math.Floor(participation * clients + 1e-9), 1, clients);

    /// <summary>m of K clients without replacement, ascending: a pure function of (seed, round).</summary>
    public static int[] Sample(int clients, double participation, long seed, int round)
    {
        int[] all = [.. Enumerable.Range(0, clients)];
        CounterRandom.For(seed, "clients", round).Shuffle(all);
        int[] chosen = all[..Size(clients, participation)];
        Array.Sort(chosen);
        return chosen;
    }
}
