using System.IO.Compression;
using System.Text.Json;
using FedPlatform.Contracts;

namespace FedPlatform.Data.Runs;

/// <summary>Reports as they lie in the database: JSON of the contract, Brotli-compressed.</summary>
public static class PackedReport
{
    public static byte[] Pack<T>(T report)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest))
        {
            JsonSerializer.Serialize(brotli, report, ContractJson.Options);
        }

        return packed.ToArray();
    }

    public static T Unpack<T>(byte[] packed)
    {
        using var brotli = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        return JsonSerializer.Deserialize<T>(brotli, ContractJson.Options)
            ?? throw new InvalidDataException("A packed report is empty.");
    }
}
