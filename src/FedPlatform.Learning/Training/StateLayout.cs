using FedPlatform.Datasets;
using FedPlatform.Learning.Algorithms;
using FedPlatform.Learning.Models;

namespace FedPlatform.Learning.Training;

/// <summary>
/// Where everything lies in the one flat float32 buffer of a model:
/// <code>[ BatchNorm buffers | backbone θ | shared heads | private heads | frozen heads ]</code>
/// What a client uploads is the prefix up to the shared heads; what SGD moves is the middle from θ to the private heads; all
/// H heads lie side by side as one matrix [H·C, d+1], so that one product gives every head's logits. A head's row is a class
/// vector followed by its bias. Backbone entries begin at multiples of 64 bytes.
/// </summary>
public sealed class StateLayout
{
    private const int Alignment = 16;

    public StateLayout(Backbone backbone, IReadOnlyList<HeadSpec> heads, int classes)
    {
        (Backbone, Heads, Classes) = (backbone, heads, classes);
        if (!heads.Select(h => h.Role).SequenceEqual(heads.Select(h => h.Role).Order())) throw new ArgumentException("Heads come shared first, then private, then frozen.", nameof(heads));
        long at = 0;
        BufferOffsets = Place(backbone.Buffers, ref at);
        TrainableStart = at;
        ParameterOffsets = Place(backbone.Parameters, ref at);
        HeadsStart = at;
        UploadLength = at + Count(HeadRole.Shared) * HeadLength;
        TrainableLength = UploadLength + Count(HeadRole.Private) * HeadLength - TrainableStart;
        Length = at + heads.Count * HeadLength;
    }

    public Backbone Backbone { get; }

    /// <summary>H heads: shared, then private, then frozen.</summary>
    public IReadOnlyList<HeadSpec> Heads { get; }

    /// <summary>C.</summary>
    public int Classes { get; }

    /// <summary>d+1: class vector and bias.</summary>
    public int RowLength => Backbone.FeatureDimension + 1;

    /// <summary>C·(d+1).</summary>
    public long HeadLength => (long)Classes * RowLength;

    public IReadOnlyList<long> BufferOffsets { get; }

    public IReadOnlyList<long> ParameterOffsets { get; }

    /// <summary>First trainable element: θ, shared and private heads follow one another.</summary>
    public long TrainableStart { get; }

    public long TrainableLength { get; }

    public long HeadsStart { get; }

    /// <summary>Elements a client sends: BatchNorm statistics, θ and the shared heads.</summary>
    public long UploadLength { get; }

    /// <summary>Trainable elements of an upload: [<see cref="TrainableStart"/>, <see cref="UploadLength"/>).</summary>
    public long UploadTrainable => UploadLength - TrainableStart;

    public long Length { get; }

    public int Count(HeadRole role) => Heads.Count(h => h.Role == role);

    public int TrainableHeads => Heads.Count(h => h.Role != HeadRole.Frozen);

    /// <summary>Number of learned weights that are sent: θ and the shared heads, without padding.</summary>
    public long Parameters => Backbone.Parameters.Sum(p => p.Length) + Count(HeadRole.Shared) * HeadLength;

    /// <summary>The upload-shaped model at round 0: a pure function of the seed, one random stream an entry.</summary>
    public float[] InitialUpload(long seed)
    {
        float[] state = new float[UploadLength];
        Fill(Backbone.Buffers, BufferOffsets);
        Fill(Backbone.Parameters, ParameterOffsets);
        long at = HeadsStart;
        foreach (HeadSpec head in Heads.Where(h => h.Role == HeadRole.Shared))
        {
            InitialHead(CounterRandom.For(seed, "init/head/" + head.Name), state.AsSpan((int)at, (int)HeadLength));
            at += HeadLength;
        }

        return state;

        void Fill(IReadOnlyList<StateEntry> entries, IReadOnlyList<long> offsets)
        {
            for (int i = 0; i < entries.Count; i++) InitialEntry(entries[i], seed, state.AsSpan((int)offsets[i], (int)entries[i].Length));
        }
    }

    /// <summary>Client k's private heads before it ever trained, [private heads · C·(d+1)]: U(−1/√d, 1/√d), a stream a client.</summary>
    public float[] InitialPrivate(long seed, int client)
    {
        float[] state = new float[Count(HeadRole.Private) * HeadLength];
        int at = 0;
        foreach (HeadSpec head in Heads.Where(h => h.Role == HeadRole.Private))
        {
            InitialHead(CounterRandom.For(seed, "init/private/" + head.Name, client), state.AsSpan(at, (int)HeadLength));
            at += (int)HeadLength;
        }

        return state;
    }

    private void InitialHead(CounterRandom random, Span<float> head)
    {
        double bound = 1 / Math.Sqrt(Backbone.FeatureDimension);
        foreach (ref float value in head) value = (float)((2 * random.NextDouble() - 1) * bound);
    }

    private static void InitialEntry(StateEntry entry, long seed, Span<float> values)
    {
        var random = CounterRandom.For(seed, "init/" + entry.Name);
        switch (entry.Init)
        {
            case Init.One:
                values.Fill(1);
                break;
            case Init.HeNormal:
                double deviation = Math.Sqrt(2.0 / entry.Fan);
                foreach (ref float value in values) value = (float)(random.NextGaussian() * deviation);
                break;
            case Init.Uniform:
                double bound = 1 / Math.Sqrt(entry.Fan);
                foreach (ref float value in values) value = (float)((2 * random.NextDouble() - 1) * bound);
                break;
            default:
                values.Clear();
                break;
        }
    }

    private static long[] Place(IReadOnlyList<StateEntry> entries, ref long at)
    {
        long[] offsets = new long[entries.Count];
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = at;
            at += (entries[i].Length + Alignment - 1) / Alignment * Alignment;
        }

        return offsets;
    }
}
