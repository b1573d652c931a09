using FedPlatform.Learning.Training;

namespace FedPlatform.Learning.Federation;

/// <summary>
/// φ_k of every client. Kept only for clients that trained; the others' are their initial values, drawn again from the client's own
/// random stream when asked for: a thousand clients that never trained cost nothing.
/// </summary>
public sealed class PrivateHeads(StateLayout layout, long seed)
{
    private readonly SortedDictionary<int, float[]> trained = [];

    /// <summary>Clients that trained, ascending, with their heads [private heads · C·(d+1)].</summary>
    public IEnumerable<KeyValuePair<int, float[]>> Trained => trained;

    /// <summary>The heads of a client; not to be changed.</summary>
    public float[] Of(int client)
    {
        lock (trained)
        {
            if (trained.TryGetValue(client, out float[]? heads)) return heads;
        }

        return layout.InitialPrivate(seed, client);
    }

    public void Set(int client, float[] heads)
    {
        if (heads.Length == 0) return;
        lock (trained) trained[client] = heads;
    }
}
