using System.Globalization;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Learning.Algorithms.FedLoGe;

/// <summary>
/// SSE-C on disk: one file by (d, C, β, γ, seed, steps), of which it is a pure function. A file that cannot be read is made again.
/// </summary>
public static class SparseEtfCache
{
    // Changes when the construction does, so that old files are not taken for new ones.
    private const string Construction = "1";

    /// <summary>W_S [C, d] in float32, from the cache or built and kept there.</summary>
    public static float[] Load(string folder, int d, int classes, FedLoGeOptions options, Action<long, long> steps, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, FileName(d, classes, options));
        if (Read(path, d, classes) is { } cached) return cached;
        double[] built = SparseEtf.Build(d, classes, options.Beta, options.Gamma, options.ClassifierSeed, options.ClassifierSteps, steps, cancellationToken);
        float[] vectors = Array.ConvertAll(built, value => (float)value);

        // Two runs may build the same file: each writes its own and the rename decides, with the same bytes either way.
        Directory.CreateDirectory(folder);
        string temporary = path + "." + Guid.NewGuid().ToString("N");
        try
        {
            Safetensors.Write(temporary, [NamedTensor.Of("etf", vectors, classes, d)], new Dictionary<string, string> { ["construction"] = Construction });
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }

        return vectors;
    }

    internal static string FileName(int d, int classes, FedLoGeOptions o) =>
        string.Create(CultureInfo.InvariantCulture, $"sse-c-d{d}-C{classes}-b{o.Beta:R}-g{o.Gamma:R}-s{o.ClassifierSeed}-n{o.ClassifierSteps}-v{Construction}.safetensors");

    private static float[]? Read(string path, int d, int classes)
    {
        if (!File.Exists(path)) return null;
        try
        {
            TensorFile file = Safetensors.Read(path);
            return file.Metadata.GetValueOrDefault("construction") == Construction
                && file.Tensors.TryGetValue("etf", out NamedTensor? etf) && etf.Shape.SequenceEqual([classes, d]) ? etf.Floats() : null;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return null;
        }
    }
}
