using FedPlatform.Agent.Running;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Agent.Commands;

/// <summary>Reads and validates a spec from a JSON or YAML file, or from standard input for <c>-</c>.</summary>
internal static class SpecFile
{
    /// <exception cref="SpecProblemsException">Everything that is wrong with it, at once.</exception>
    public static RunSpec Read(string path, DatasetCatalogue catalogue)
    {
        string text;
        try
        {
            text = path == "-" ? Console.In.ReadToEnd() : File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SpecProblemsException([new SpecProblem("", path, $"The spec {path} cannot be read: {error.Message}")]);
        }

        SpecReading reading = RunSpecValidator.Check(text, catalogue);
        return reading.Spec ?? throw new SpecProblemsException(reading.Problems);
    }
}
