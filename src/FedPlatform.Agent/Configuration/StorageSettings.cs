using Microsoft.Extensions.Configuration;

namespace FedPlatform.Agent.Configuration;

/// <summary>
/// Where data sets are looked for and where caches are kept: the command line first, then environment variables
/// (<c>Storage__DataRoots__0</c>), then the appsettings.json beside the executable. The same keys as the web host's.
/// </summary>
public sealed record StorageSettings(IReadOnlyList<string> DataRoots, string CacheFolder)
{
    private static readonly string[] s_defaultRoots = ["/usr/share/datasets", "datasets"];

    /// <summary>Settings of this process.</summary>
    /// <param name="roots">Data roots of the command line; when there are any, no others are searched.</param>
    /// <param name="cache">Cache folder of the command line, or null.</param>
    /// <param name="defaultCache">Cache folder when nothing names one; null: the user's own.</param>
    public static StorageSettings Load(IReadOnlyList<string> roots, string? cache, string? defaultCache = null) =>
        From(Read(AppContext.BaseDirectory), roots, cache, defaultCache);

    internal static IConfiguration Read(string folder) => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(folder, "appsettings.json"), optional: true, reloadOnChange: false)
        .AddEnvironmentVariables()
        .Build();

    internal static StorageSettings From(IConfiguration configuration, IReadOnlyList<string> roots, string? cache, string? defaultCache)
    {
        if (roots.Count == 0)
        {
            string[] configured = [.. configuration.GetSection("Storage:DataRoots").GetChildren().Select(c => c.Value).OfType<string>()];
            roots = configured.Length > 0 ? configured : s_defaultRoots;
        }

        return new StorageSettings([.. roots.Select(Path.GetFullPath)], Path.GetFullPath(cache ?? configuration["Storage:Cache"] ?? defaultCache ?? UserCache()));
    }

    /// <summary><c>$XDG_CACHE_HOME/fedplatform</c>, <c>~/.cache/fedplatform</c>, or a folder for temporary files for users without a home.</summary>
    private static string UserCache()
    {
        if (Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } caches) return Path.Combine(caches, "fedplatform");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0 ? Path.Combine(home, ".cache", "fedplatform") : Path.Combine(Path.GetTempPath(), "fedplatform-cache");
    }
}
