namespace FedPlatform.Learning.Tests;

/// <summary>A fresh folder, gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("learning-tests-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
