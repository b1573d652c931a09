using FedPlatform.Datasets.Specs;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Scheduling;

/// <summary>Section <c>Devices</c>: <c>Devices:cpu:Slots</c>, <c>Devices:cuda:0:Slots</c> (or <c>Devices:cuda:0</c> = slots).</summary>
public sealed class DeviceOptions
{
    public const string Section = "Devices";

    /// <summary>Slots by device, <c>cpu</c> or <c>cuda:N</c>.</summary>
    public IDictionary<string, int> Slots { get; } = new SortedDictionary<string, int>(StringComparer.Ordinal);
}

/// <summary>Reads the section: a colon is the separator of configuration keys, so <c>cuda:0</c> is a section in a section.</summary>
internal sealed class DeviceOptionsSetup(IConfiguration configuration) : IConfigureOptions<DeviceOptions>, IValidateOptions<DeviceOptions>
{
    private const int MostSlots = 256;
    private readonly List<string> _problems = [];

    public void Configure(DeviceOptions options)
    {
        _problems.Clear();
        var section = configuration.GetSection(DeviceOptions.Section);
        options.Slots["cpu"] = Slots(section.GetSection("cpu")) ?? 1;
        foreach (var gpu in section.GetSection("cuda").GetChildren())
        {
            if (!int.TryParse(gpu.Key, out var index) || index < 0)
            {
                _problems.Add($"{gpu.Path}: '{gpu.Key}' is not the number of a GPU.");
            }
            else
            {
                options.Slots[$"cuda:{index}"] = Slots(gpu) ?? 1;
            }
        }
    }

    public ValidateOptionsResult Validate(string? name, DeviceOptions options) =>
        _problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_problems);

    private int? Slots(IConfigurationSection section)
    {
        if ((section["Slots"] ?? section.Value) is not { } text)
        {
            return null;
        }

        if (int.TryParse(text, out var slots) && slots is >= 0 and <= MostSlots)
        {
            return slots;
        }

        _problems.Add($"{section.Path}: slots must be a whole number from 0 to {MostSlots}, got '{text}'.");
        return null;
    }
}

/// <summary>The devices that runs may name here.</summary>
public sealed class DeviceRegistry(IOptions<DeviceOptions> options)
{
    public IReadOnlyDictionary<string, int> Slots { get; } = new SortedDictionary<string, int>(options.Value.Slots, StringComparer.Ordinal);

    /// <summary>Why no run can be queued for this device; null when one can.</summary>
    public SpecProblem? Problem(string? device) => device is not null && Slots.TryGetValue(device, out var slots) && slots > 0
        ? null
        : new SpecProblem("device", device, $"'{device}' is not a device of this server; it has {string.Join(", ", Slots.Where(s => s.Value > 0).Select(s => s.Key))}.");

    public static string Title(string device) => device == "cpu" ? "Processor" : $"GPU {device[(device.IndexOf(':', StringComparison.Ordinal) + 1)..]}";
}
