using System.Reflection;

namespace FedPlatform.Browser.Tests;

/// <summary>Paths that the build wrote into this assembly.</summary>
internal static class Built
{
    public static string Web { get; } = Metadata("WebPath");

    /// <summary>Screenshots are left here for people to look at.</summary>
    public static string Screens { get; } = Metadata("ScreensPath");

    private static string Metadata(string key) =>
        typeof(Built).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
