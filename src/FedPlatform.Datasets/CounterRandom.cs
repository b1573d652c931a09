using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace FedPlatform.Datasets;

/// <summary>
/// A random stream that is a pure function of its name: Philox4x32-10 (Salmon et al., SC 2011) with key and upper counter taken from
/// (seed, stream, keys). Streams of different names are independent, so what is drawn for one client, class or step
/// never depends on what was drawn before it, on which thread, or in which order. Not thread-safe; not for secrets.
/// </summary>
public sealed class CounterRandom
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    private readonly uint key0, key1, counter2, counter3;
    private readonly uint[] block = new uint[4];
    private ulong next;
    private int used = 4;
    private double spareGaussian = double.NaN;

    private CounterRandom(ReadOnlySpan<byte> name)
    {
        key0 = BinaryPrimitives.ReadUInt32LittleEndian(name);
        key1 = BinaryPrimitives.ReadUInt32LittleEndian(name[4..]);
        counter2 = BinaryPrimitives.ReadUInt32LittleEndian(name[8..]);
        counter3 = BinaryPrimitives.ReadUInt32LittleEndian(name[12..]);
    }

    /// <summary>The stream of this name from its beginning. The same arguments give the same numbers on every machine.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="stream">What the numbers are for, e.g. <c>partition</c>.</param>
    /// <param name="keys">Whose they are, e.g. round, client, step.</param>
    public static CounterRandom For(long seed, string stream, params long[] keys)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(keys);

        // The length of the name comes first: ("a", 1) and ("a1") can never meet.
        byte[] text = Encoding.UTF8.GetBytes(stream);
        byte[] name = new byte[8 + 4 + text.Length + (8 * keys.Length)];
        BinaryPrimitives.WriteInt64LittleEndian(name, seed);
        BinaryPrimitives.WriteInt32LittleEndian(name.AsSpan(8), text.Length);
        text.CopyTo(name, 12);
        for (int i = 0; i < keys.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(name.AsSpan(12 + text.Length + (8 * i)), keys[i]);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(name, digest);
        return new CounterRandom(digest);
    }

    /// <summary>Ten Philox4x32 rounds over one counter: the bare function, as published.</summary>
    /// <param name="counter">[4] input, overwritten by the output.</param>
    public static void Philox(Span<uint> counter, uint key0, uint key1)
    {
        uint c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0, p1 = (ulong)Multiplier1 * c2;
            c0 = (uint)(p1 >> 32) ^ c1 ^ key0;
            c1 = (uint)p1;
            c2 = (uint)(p0 >> 32) ^ c3 ^ key1;
            c3 = (uint)p0;
            key0 += Weyl0;
            key1 += Weyl1;
        }

        counter[0] = c0;
        counter[1] = c1;
        counter[2] = c2;
        counter[3] = c3;
    }

    public uint NextUInt32()
    {
        if (used == 4)
        {
            Refill();
        }

        return block[used++];
    }

    public ulong NextUInt64() => NextUInt32() | ((ulong)NextUInt32() << 32);

    /// <summary>Uniform on [0, 1), a multiple of 2⁻⁵³.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform on [0, 1), a multiple of 2⁻²⁴.</summary>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>Uniform on 0 … <paramref name="exclusiveMaximum"/> − 1, without bias (Lemire's method).</summary>
    public int NextInt(int exclusiveMaximum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveMaximum, 1);
        uint n = (uint)exclusiveMaximum;
        ulong product = (ulong)NextUInt32() * n;
        if ((uint)product < n)
        {
            uint threshold = (0u - n) % n;
            while ((uint)product < threshold)
            {
                product = (ulong)NextUInt32() * n;
            }
        }

        return (int)(product >> 32);
    }

    /// <summary>Standard normal (Box–Muller, both halves used).</summary>
    public double NextGaussian()
    {
        if (!double.IsNaN(spareGaussian))
        {
            double spare = spareGaussian;
            spareGaussian = double.NaN;
            return spare;
        }

        // 1 − u lies in (0, 1], so the logarithm is finite.
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        (double sin, double cos) = Math.SinCos(2 * Math.PI * NextDouble());
        spareGaussian = radius * sin;
        return radius * cos;
    }

    /// <summary>Gamma(<paramref name="shape"/>, 1), shape above 0 and finite. Underflows to 0 for tiny shapes; <see cref="NextLogGamma"/> does not.</summary>
    public double NextGamma(double shape) => Math.Exp(NextLogGamma(shape));

    /// <summary>
    /// The logarithm of a Gamma(<paramref name="shape"/>, 1) variate by Marsaglia and Tsang (2000).
    /// Below 1: ln Γ(a) = ln Γ(a+1) + ln(u)/a, which stays exact where the variate itself is below 1e-308.
    /// </summary>
    public double NextLogGamma(double shape)
    {
        if (!(shape > 0) || !double.IsFinite(shape))
        {
            throw new ArgumentOutOfRangeException(nameof(shape), shape, "The shape of a gamma distribution is a finite number above 0.");
        }

        double boost = 0;
        if (shape < 1)
        {
            boost = Math.Log(1 - NextDouble()) / shape;
            shape += 1;
        }

        double d = shape - (1.0 / 3), c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = NextGaussian(), t = 1 + (c * x);
            if (t <= 0)
            {
                continue;
            }

            double v = t * t * t, u = 1 - NextDouble();
            if (u < 1 - (0.0331 * x * x * x * x) || Math.Log(u) < (0.5 * x * x) + (d * (1 - v + Math.Log(v))))
            {
                return Math.Log(d * v) + boost;
            }
        }
    }

    /// <summary>Fisher–Yates: every order equally likely.</summary>
    public void Shuffle(Span<int> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    private void Refill()
    {
        block[0] = (uint)next;
        block[1] = (uint)(next >> 32);
        block[2] = counter2;
        block[3] = counter3;
        Philox(block, key0, key1);
        next++;
        used = 0;
    }
}
