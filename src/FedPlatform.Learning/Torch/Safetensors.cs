using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace FedPlatform.Learning.Torch;

/// <summary>A tensor as it lies in a file.</summary>
/// <param name="Name">Not empty; unique in its file.</param>
/// <param name="Dtype">One of <see cref="Safetensors.Dtypes"/>, e.g. <c>F32</c>.</param>
/// <param name="Shape">Extents; empty for a scalar.</param>
/// <param name="Bytes">Row-major, little-endian.</param>
public sealed record NamedTensor(string Name, string Dtype, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>A float32 tensor over a copy of <paramref name="values"/>.</summary>
    public static NamedTensor Of(string name, ReadOnlySpan<float> values, params long[] shape) => new(name, "F32", shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The values of an F32 tensor, a copy.</summary>
    public float[] Floats() => Dtype == "F32" ? MemoryMarshal.Cast<byte, float>(Bytes.Span).ToArray() : throw new InvalidDataException($"Tensor \"{Name}\" is {Dtype}, F32 was expected.");
}

/// <summary>The content of a safetensors file.</summary>
public sealed record TensorFile(IReadOnlyDictionary<string, NamedTensor> Tensors, IReadOnlyDictionary<string, string> Metadata);

/// <summary>
/// The one reader and writer of tensors on disk: 8-byte little-endian header length, JSON header, raw data.
/// The reader believes nothing: lengths are checked against the file before anything is allocated, offsets must be contiguous
/// from 0 to the file's end, and every tensor's bytes must be what its dtype and shape say.
/// </summary>
public static class Safetensors
{
    /// <summary>
    /// Longest header read from disk. A checkpoint of 1,000 trained clients and ResNet-34 has about 1,200 entries of ~120 bytes (150 KB);
    /// 100,000 clients need 12 MB. What arrives over a wire has its own, lower bound.
    /// </summary>
    public const int MaxFileHeader = 16 << 20;

    private const int MaxRank = 8;

    /// <summary>Dtypes and their bytes an element.</summary>
    public static IReadOnlyDictionary<string, int> Dtypes { get; } = new Dictionary<string, int>
    {
        ["F64"] = 8,
        ["F32"] = 4,
        ["F16"] = 2,
        ["BF16"] = 2,
        ["I64"] = 8,
        ["I32"] = 4,
        ["I16"] = 2,
        ["I8"] = 1,
        ["U8"] = 1,
        ["BOOL"] = 1,
    };

    /// <summary>Writes to <paramref name="path"/> (replaced), flushed to the device. Returns the SHA-256 (hex) and the length of what was written.</summary>
    /// <exception cref="IOException">No room, or no right to write.</exception>
    public static (string Sha256, long Bytes) Write(string path, IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        byte[] header = Header(tensors, metadata);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        Append(header);
        foreach (NamedTensor tensor in tensors) Append(tensor.Bytes.Span);
        file.Flush(flushToDisk: true);
        return (Convert.ToHexStringLower(hash.GetHashAndReset()), file.Length);

        void Append(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            file.Write(bytes);
        }
    }

    /// <exception cref="InvalidDataException">The file is not a valid safetensors file; says where.</exception>
    public static TensorFile Read(string path, int maxHeader = MaxFileHeader)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        return Read(file, file.Length, maxHeader);
    }

    /// <summary>Reads exactly <paramref name="length"/> bytes.</summary>
    public static TensorFile Read(Stream stream, long length, int maxHeader = MaxFileHeader)
    {
        if (length < 8) throw new InvalidDataException($"A safetensors file has at least 8 bytes, this one has {length}.");
        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        ulong size = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (size > (ulong)maxHeader) throw new InvalidDataException($"The header claims {size} bytes; at most {maxHeader} are accepted.");
        if ((long)size > length - 8) throw new InvalidDataException($"The header claims {size} bytes, the file has {length - 8} after its length field.");
        byte[] header = new byte[size];
        stream.ReadExactly(header);

        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        List<Entry> entries = Parse(header, metadata);
        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long at = 0, data = length - 8 - (long)size;
        foreach (Entry entry in entries)
        {
            if (entry.Begin != at) throw new InvalidDataException($"Tensor \"{entry.Name}\" begins at {entry.Begin}, {at} was expected: offsets must be contiguous.");
            at = entry.End;
            if (at > data) throw new InvalidDataException($"Tensor \"{entry.Name}\" ends at {at}, the data end at {data}.");
        }

        if (at != data) throw new InvalidDataException($"The tensors end at {at}, the data at {data}: bytes without an owner.");
        var tensors = new Dictionary<string, NamedTensor>(entries.Count, StringComparer.Ordinal);
        foreach (Entry entry in entries)
        {
            byte[] bytes = new byte[entry.End - entry.Begin];
            stream.ReadExactly(bytes);
            tensors.Add(entry.Name, new NamedTensor(entry.Name, entry.Dtype, entry.Shape, bytes));
        }

        return new TensorFile(tensors, metadata);
    }

    private sealed record Entry(string Name, string Dtype, long[] Shape, long Begin, long End);

    private static List<Entry> Parse(byte[] header, Dictionary<string, string> metadata)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8 });
            var entries = new List<Entry>();
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (!names.Add(property.Name)) throw new InvalidDataException($"The header names \"{property.Name}\" twice.");
                if (property.Name == "__metadata__")
                {
                    foreach (JsonProperty m in property.Value.EnumerateObject()) metadata[m.Name] = m.Value.GetString() ?? throw new InvalidDataException("Metadata values must be strings.");
                    continue;
                }

                entries.Add(ParseEntry(property));
            }

            return entries;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException("The header is not the JSON of a safetensors file: " + e.Message, e);
        }
    }

    private static Entry ParseEntry(JsonProperty property)
    {
        if (property.Name.Length == 0) throw new InvalidDataException("A tensor has no name.");
        string dtype = property.Value.GetProperty("dtype").GetString() ?? "";
        if (!Dtypes.TryGetValue(dtype, out int width)) throw new InvalidDataException($"Tensor \"{property.Name}\" has the unknown dtype \"{dtype}\".");
        long[] shape = [.. property.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];
        long[] offsets = [.. property.Value.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt64())];
        if (shape.Length > MaxRank || shape.Any(e => e < 0)) throw new InvalidDataException($"Tensor \"{property.Name}\" has a shape that cannot be.");
        if (offsets.Length != 2 || offsets[0] < 0 || offsets[1] < offsets[0]) throw new InvalidDataException($"Tensor \"{property.Name}\" has offsets that cannot be.");
        long expected = width;
        try
        {
            foreach (long extent in shape) expected = checked(expected * extent);
        }
        catch (OverflowException)
        {
            throw new InvalidDataException($"Tensor \"{property.Name}\" has a shape that overflows.");
        }

        return expected == offsets[1] - offsets[0]
            ? new Entry(property.Name, dtype, shape, offsets[0], offsets[1])
            : throw new InvalidDataException($"Tensor \"{property.Name}\" needs {expected} bytes by its dtype and shape, its offsets span {offsets[1] - offsets[0]}.");
    }

    // The header is padded with spaces so that the data begin at a multiple of 8, as the format's own writer does.
    private static byte[] Header(IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(new byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
            json.WriteEndObject();
            long at = 0;
            foreach (NamedTensor tensor in tensors)
            {
                if (tensor.Bytes.Length != tensor.Shape.Aggregate((long)Dtypes[tensor.Dtype], (a, b) => a * b)) throw new ArgumentException($"Tensor \"{tensor.Name}\" has {tensor.Bytes.Length} bytes, not what its shape says.", nameof(tensors));
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Dtype);
                json.WriteStartArray("shape");
                foreach (long extent in tensor.Shape) json.WriteNumberValue(extent);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at += tensor.Bytes.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        byte[] header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }
}
